"""Passages know the model they were split for: until now that of their collection."""

import django.db.models.deletion
from django.db import migrations, models

# The foreign key's checks come before the table is altered again.
FILL = """
UPDATE collections_app_passage passage SET model_id = collection.embedding_model_id
FROM collections_app_collection collection WHERE collection.id = passage.collection_id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("collections_app", "0011_model_precision")]

    operations = [
        migrations.RemoveConstraint(model_name="passage", name="passage_ordinal"),
        migrations.RemoveIndex(model_name="passage", name="passage_lengths"),
        migrations.AddField(
            model_name="passage",
            name="model",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="collections_app.embeddingmodel",
                verbose_name="embedding model",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="passage",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="collections_app.embeddingmodel",
                verbose_name="embedding model",
            ),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=models.Index(
                fields=["collection", "model"], include=["term_count"], name="passage_lengths"
            ),
        ),
        migrations.AddConstraint(
            model_name="passage",
            constraint=models.UniqueConstraint(
                fields=["document", "model", "ordinal"], name="passage_ordinal"
            ),
        ),
    ]
