import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("rag_app", "0002_answer_lease"),
    ]

    operations = [
        migrations.AddField(
            model_name="question",
            name="among",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                default=list,
                help_text="Their numbers, where several were asked, but not all.",
                size=None,
                verbose_name="collections",
            ),
        ),
    ]
