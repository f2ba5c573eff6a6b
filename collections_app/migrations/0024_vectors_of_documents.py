from django.db import migrations, models

# Written anew, each row would go into the graph of its collection once more, one by one: the
# workers build the indexes again within minutes, and until then every vector is looked at.
FILL = """
DO $$ DECLARE name text; BEGIN
    IF EXISTS (SELECT FROM collections_app_vector) THEN
        FOR name IN SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
            WHERE i.indrelid = 'collections_app_vector'::regclass
              AND starts_with(c.relname, 'vector_hnsw_')
        LOOP
            EXECUTE format('DROP INDEX %I', name);
        END LOOP;
    END IF;
END $$;
UPDATE collections_app_vector vector SET document_id = passage.document_id
FROM collections_app_passage passage WHERE passage.id = vector.passage_id;
"""


def document(**options):
    return models.ForeignKey(
        to="collections_app.document",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [("collections_app", "0023_items_within")]

    operations = [
        migrations.AddField("vector", "document", document(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("vector", "document", document()),
        migrations.AddIndex(
            "vector", models.Index(fields=["document", "model"], name="vector_of_document")
        ),
    ]
