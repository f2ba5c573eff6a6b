import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rag_app", "0006_conversations")]

    operations = [
        migrations.CreateModel(
            name="PromptTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("system", models.TextField(verbose_name="system message")),
                ("message", models.TextField(verbose_name="message")),
                ("updated", models.DateTimeField(auto_now=True, verbose_name="changed")),
                ("collection", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="collections_app.collection", verbose_name="collection")),
            ],
            options={
                "verbose_name": "prompt of a collection",
                "verbose_name_plural": "prompts of collections",
            },
        ),
        migrations.AddField(
            model_name="question",
            name="shared",
            field=models.BooleanField(default=False, help_text="Whoever has its link may read it, as far as they may see its documents.", verbose_name="shared"),
        ),
        migrations.AddField(
            model_name="answer",
            name="template",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
    ]
