from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rag_app", "0008_chat_use")]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="problem",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="question",
            name="shared_conversation",
            field=models.BooleanField(
                default=False,
                help_text="Its link shows the questions before it in its conversation, too.",
                verbose_name="shared with what was asked before",
            ),
        ),
    ]
