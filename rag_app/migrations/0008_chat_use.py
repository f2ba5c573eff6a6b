from django.db import migrations, models
from django.db.models import Count, Sum
from django.db.models.functions import TruncHour


def from_answers(apps, schema_editor):
    """What the answers that there are took."""
    Answer = apps.get_model("rag_app", "Answer")
    ChatUse = apps.get_model("rag_app", "ChatUse")
    used = (
        Answer.objects.exclude(chat_model="")
        .annotate(hour=TruncHour("created"))
        .values("chat_model", "hour")
        .annotate(
            n=Count("pk"), sent=Sum("prompt_tokens"), made=Sum("answer_tokens"), paid=Sum("cost")
        )
        .order_by()
    )
    ChatUse.objects.bulk_create(
        ChatUse(
            name=one["chat_model"],
            hour=one["hour"],
            answers=one["n"],
            prompt_tokens=one["sent"],
            answer_tokens=one["made"],
            cost=one["paid"],
        )
        for one in used
    )


class Migration(migrations.Migration):
    dependencies = [("rag_app", "0007_prompts_and_sharing")]

    operations = [
        migrations.CreateModel(
            name="ChatUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="chat model")),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("answers", models.PositiveIntegerField(default=0, verbose_name="answers")),
                (
                    "prompt_tokens",
                    models.PositiveBigIntegerField(default=0, verbose_name="tokens of prompts"),
                ),
                (
                    "answer_tokens",
                    models.PositiveBigIntegerField(default=0, verbose_name="tokens of answers"),
                ),
                (
                    "cost",
                    models.DecimalField(
                        decimal_places=6, default=0, max_digits=16, verbose_name="cost"
                    ),
                ),
            ],
            options={
                "verbose_name": "use of a chat model",
                "verbose_name_plural": "uses of chat models",
                "ordering": ["-hour", "name"],
            },
        ),
        migrations.AddConstraint(
            model_name="chatuse",
            constraint=models.UniqueConstraint(
                fields=("name", "hour"), name="chat_use_once_an_hour"
            ),
        ),
        migrations.RunPython(from_answers, migrations.RunPython.noop),
    ]
