from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rag_app", "0004_checked_sentences")]

    operations = [
        migrations.CreateModel(
            name="ChatModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, unique=True, verbose_name="name")),
                ("backend", models.CharField(choices=[("openai-compatible", "OpenAI-compatible server"), ("llm-plugin", "plugin of llm")], max_length=40, verbose_name="backend")),
                ("ref", models.CharField(max_length=500, verbose_name="model")),
                ("base_url", models.CharField(blank=True, max_length=500, verbose_name="address of the server")),
                ("secrets", models.TextField(blank=True, editable=False, verbose_name="secrets, encrypted")),
                ("context_tokens", models.PositiveIntegerField(default=3000, verbose_name="tokens of a prompt")),
                ("answer_tokens", models.PositiveIntegerField(blank=True, null=True, verbose_name="tokens of an answer")),
                ("tokens_per_day", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="tokens a day")),
                ("price_in", models.DecimalField(decimal_places=6, default=0, max_digits=12, verbose_name="price of a million tokens of prompts")),
                ("price_out", models.DecimalField(decimal_places=6, default=0, max_digits=12, verbose_name="price of a million tokens of answers")),
                ("is_default", models.BooleanField(default=False, verbose_name="default")),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="created")),
            ],
            options={
                "verbose_name": "chat model",
                "verbose_name_plural": "chat models",
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_chat_model")],
            },
        ),
        migrations.AddField(
            model_name="question",
            name="chat",
            field=models.CharField(blank=True, help_text="A chat model, or “quotes” for none; empty: the site's default.", max_length=200, verbose_name="asked of"),
        ),
        migrations.AddField(
            model_name="answer",
            name="retry_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="may be asked again at"),
        ),
        migrations.AddField(
            model_name="answer",
            name="prompt_tokens",
            field=models.PositiveIntegerField(default=0, verbose_name="tokens of the prompt"),
        ),
        migrations.AddField(
            model_name="answer",
            name="answer_tokens",
            field=models.PositiveIntegerField(default=0, verbose_name="tokens of the answer"),
        ),
        migrations.AddField(
            model_name="answer",
            name="cost",
            field=models.DecimalField(decimal_places=6, default=0, max_digits=12, verbose_name="cost"),
        ),
    ]
