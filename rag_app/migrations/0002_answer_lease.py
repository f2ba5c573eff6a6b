from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("rag_app", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="lease_until",
            field=models.DateTimeField(
                blank=True,
                help_text="Renewed while a chat model writes; once it has passed, the writer is gone.",
                null=True,
                verbose_name="being written until",
            ),
        ),
    ]
