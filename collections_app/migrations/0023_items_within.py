"""Items that were taken out of an archive, a mailbox or a message of a source."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("collections_app", "0022_uploads_before")]

    operations = [
        migrations.AddField(
            "sourceitem",
            "within",
            models.CharField("taken out of", blank=True, default="", max_length=500),
        ),
        migrations.AddIndex(
            "sourceitem",
            models.Index(
                condition=models.Q(("within", ""), _negated=True),
                fields=["source", "within"],
                name="item_within",
            ),
        ),
    ]
