"""What filters, orders and suggestions read: numbers and dates of metadata, past searches, and
indexes over documents that no page but a search needs."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Casts stand where the rows have been chosen, so that no metadata can make one fail. A number
# within quotation marks counts as one: CSV files have no others.
NUMBERS = r"""
CREATE FUNCTION search_app_numbers_of(metadata jsonb)
RETURNS TABLE (name text, kind text, value float8) LANGUAGE sql IMMUTABLE AS $$
    WITH fields AS (
        SELECT key, jsonb_typeof(field) AS kind, field #>> '{}' AS written
        FROM jsonb_each(CASE WHEN jsonb_typeof(metadata) = 'object' THEN metadata ELSE '{}' END)
             AS each(key, field)
        WHERE char_length(key) <= 300 AND jsonb_typeof(field) IN ('number', 'string')
    )
    SELECT key, 'n', written::float8 FROM fields
    WHERE char_length(written) <= 40
      AND (kind = 'number' OR written ~ '^[+-]?\d{1,20}(\.\d{1,20})?$')
    UNION ALL
    SELECT key, 'd', rpad(regexp_replace(left(written, 19), '\D', '', 'g'), 14, '0')::float8
    FROM fields WHERE char_length(written) <= 40 AND written ~
        '^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d.*)?)?$'
$$;

CREATE FUNCTION search_app_write_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM search_app_documentnumber WHERE document_id = NEW.id;
    END IF;
    INSERT INTO search_app_documentnumber (document_id, collection_id, name, kind, value)
    SELECT NEW.id, NEW.collection_id, of.name, of.kind, of.value
    FROM search_app_numbers_of(NEW.metadata) AS of;
    RETURN NULL;
END $$;

CREATE TRIGGER search_app_numbers_of_new AFTER INSERT ON collections_app_document
FOR EACH ROW WHEN (NEW.metadata <> '{}') EXECUTE FUNCTION search_app_write_numbers();

CREATE TRIGGER search_app_numbers_of_changed
AFTER UPDATE OF metadata, collection_id ON collections_app_document
FOR EACH ROW WHEN (
    OLD.metadata IS DISTINCT FROM NEW.metadata OR OLD.collection_id <> NEW.collection_id
) EXECUTE FUNCTION search_app_write_numbers();

INSERT INTO search_app_documentnumber (document_id, collection_id, name, kind, value)
SELECT document.id, document.collection_id, of.name, of.kind, of.value
FROM collections_app_document document, search_app_numbers_of(document.metadata) AS of;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
NO_NUMBERS = """
DROP TRIGGER search_app_numbers_of_new ON collections_app_document;
DROP TRIGGER search_app_numbers_of_changed ON collections_app_document;
DROP FUNCTION search_app_write_numbers();
DROP FUNCTION search_app_numbers_of(jsonb);
"""
INDEXES = """
CREATE INDEX document_metadata ON collections_app_document
    USING gin (metadata jsonb_path_ops);
CREATE INDEX document_by_added ON collections_app_document (collection_id, created, id);
CREATE INDEX document_id_begins ON collections_app_document
    (collection_id, external_id varchar_pattern_ops);
CREATE INDEX document_title_begins ON collections_app_document
    (collection_id, lower(title) text_pattern_ops);
CREATE INDEX document_title_words ON collections_app_document
    USING gin (to_tsvector('simple'::regconfig, title));
CREATE INDEX passage_of_document ON collections_app_passage (document_id, model_id) INCLUDE (id);
"""
NO_INDEXES = """
DROP INDEX document_metadata, document_by_added, document_id_begins, document_title_begins,
    document_title_words, passage_of_document
"""


class Migration(migrations.Migration):
    dependencies = [
        ("collections_app", "0012_passage_model"),
        ("search_app", "0002_judged_queries"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="feedbackchoice",
            name="history",
            field=models.BooleanField(
                default=False,
                help_text="To suggest it again to me alone.",
                verbose_name="Keep what I search for",
            ),
        ),
        migrations.CreateModel(
            name="DocumentNumber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=300, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("n", "number"), ("d", "date")], max_length=1, verbose_name="kind"
                    ),
                ),
                ("value", models.FloatField(verbose_name="value")),
                (
                    "collection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="collections_app.collection",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="collections_app.document",
                    ),
                ),
            ],
            options={
                "verbose_name": "number in metadata",
                "verbose_name_plural": "numbers in metadata",
                "indexes": [
                    models.Index(
                        fields=["collection", "name", "kind", "value", "document"],
                        name="documentnumber_by_value",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PastSearch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=300, verbose_name="text")),
                ("times", models.PositiveIntegerField(default=1, verbose_name="times")),
                ("last", models.DateTimeField(auto_now=True, verbose_name="last")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="past_searches",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "past search",
                "verbose_name_plural": "past searches",
                "ordering": ["-last"],
                "constraints": [
                    models.UniqueConstraint(fields=["user", "text"], name="past_search_once")
                ],
            },
        ),
        migrations.RunSQL(NUMBERS, NO_NUMBERS),
        migrations.RunSQL(INDEXES, NO_INDEXES),
    ]
