from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rag_app", "0003_question_among")]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="checks",
            field=models.JSONField(blank=True, default=list, editable=False, verbose_name="checked sentences"),
        ),
        migrations.AddField(
            model_name="citation",
            name="place",
            field=models.JSONField(blank=True, default=dict, verbose_name="place"),
        ),
    ]
