import uuid

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import F


def each_alone(apps, schema_editor):
    """Questions asked before are each a conversation of its own."""
    apps.get_model("rag_app", "Question").objects.update(conversation=F("id"))


class Migration(migrations.Migration):
    dependencies = [("rag_app", "0005_chat_models")]

    operations = [
        migrations.AddField(
            model_name="question",
            name="conversation",
            field=models.UUIDField(editable=False, null=True, verbose_name="conversation"),
        ),
        migrations.RunPython(each_alone, migrations.RunPython.noop),
        # Constraints of the rows changed wait to the end of a transaction; an index does not.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="question",
            name="conversation",
            field=models.UUIDField(
                db_index=True, default=uuid.uuid4, editable=False, verbose_name="conversation"
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="standalone",
            field=models.TextField(
                blank=True,
                help_text="A follow-up question as it is looked for; empty where it is as it was asked.",
                verbose_name="understood as",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="filters",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=1000),
                blank=True,
                default=list,
                size=None,
                verbose_name="filters",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="pinned",
            field=models.JSONField(blank=True, default=list, editable=False, verbose_name="pinned passages"),
        ),
        migrations.AddField(
            model_name="question",
            name="dropped",
            field=models.JSONField(blank=True, default=list, editable=False, verbose_name="dropped passages"),
        ),
        migrations.AddField(
            model_name="question",
            name="role",
            field=models.TextField(blank=True, verbose_name="who the chat model is to be"),
        ),
        migrations.AddField(
            model_name="answer",
            name="marker",
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="answer",
            name="packing",
            field=models.JSONField(blank=True, default=list, editable=False, verbose_name="packing"),
        ),
        migrations.AddField(
            model_name="citation",
            name="why",
            field=models.JSONField(blank=True, default=dict, editable=False, verbose_name="why it was found"),
        ),
        migrations.AddField(
            model_name="citation",
            name="pinned",
            field=models.BooleanField(default=False, verbose_name="pinned"),
        ),
    ]
