"""Postings are kept as one array for many passages of a term (ADR 4), and counted by triggers."""

import django.db.models.deletion
from django.db import migrations, models

import collections_app.models.content

# No passage comes or goes until the triggers are there.
COUNT = """
LOCK TABLE collections_app_passage IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO collections_app_corpuschange (collection_id, model_id, passages, terms, void)
SELECT collection_id, model_id, count(*), sum(term_count), ''
FROM collections_app_passage GROUP BY collection_id, model_id;
"""

TRIGGERS = """
CREATE FUNCTION collections_app_passages_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO collections_app_corpuschange (collection_id, model_id, passages, terms, void)
    SELECT collection_id, model_id, count(*), sum(term_count), ''
    FROM came GROUP BY collection_id, model_id;
    RETURN NULL;
END $$;
CREATE TRIGGER passages_came AFTER INSERT ON collections_app_passage
REFERENCING NEW TABLE AS came
FOR EACH STATEMENT EXECUTE FUNCTION collections_app_passages_came();

CREATE FUNCTION collections_app_passages_went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO collections_app_corpuschange (collection_id, model_id, passages, terms, void)
    SELECT collection_id, model_id, -count(*), -sum(term_count), string_agg(int8send(id), '')
    FROM went GROUP BY collection_id, model_id;
    RETURN NULL;
END $$;
CREATE TRIGGER passages_went AFTER DELETE ON collections_app_passage
REFERENCING OLD TABLE AS went
FOR EACH STATEMENT EXECUTE FUNCTION collections_app_passages_went();

-- A passage without terms, or elsewhere, has no postings where it had some.
CREATE FUNCTION collections_app_passages_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO collections_app_corpuschange (collection_id, model_id, passages, terms, void)
    SELECT collection_id, model_id, sum(passages), sum(terms),
        coalesce(string_agg(int8send(void), ''), '')
    FROM (
        SELECT was.collection_id, was.model_id, -1 AS passages, -was.term_count::bigint AS terms,
            CASE WHEN now.term_count = 0
                OR (now.collection_id, now.model_id) <> (was.collection_id, was.model_id)
            THEN was.id END AS void
        FROM was JOIN now ON now.id = was.id
        WHERE (now.collection_id, now.model_id, now.term_count)
            <> (was.collection_id, was.model_id, was.term_count)
        UNION ALL
        SELECT now.collection_id, now.model_id, 1, now.term_count, NULL
        FROM was JOIN now ON now.id = was.id
        WHERE (now.collection_id, now.model_id, now.term_count)
            <> (was.collection_id, was.model_id, was.term_count)
    ) change GROUP BY collection_id, model_id;
    RETURN NULL;
END $$;
CREATE TRIGGER passages_changed AFTER UPDATE ON collections_app_passage
REFERENCING OLD TABLE AS was NEW TABLE AS now
FOR EACH STATEMENT EXECUTE FUNCTION collections_app_passages_changed();
"""
NO_TRIGGERS = """
DROP TRIGGER passages_came ON collections_app_passage;
DROP TRIGGER passages_went ON collections_app_passage;
DROP TRIGGER passages_changed ON collections_app_passage;
DROP FUNCTION collections_app_passages_came();
DROP FUNCTION collections_app_passages_went();
DROP FUNCTION collections_app_passages_changed();
"""

CARRY = """
INSERT INTO collections_app_postinglist (collection_id, model_id, term, first, count, data)
SELECT collection_id, model_id, term, first, count(*), string_agg(
    int4send((passage_id - first)::int) || int2send(frequency) || int2send(length), ''::bytea
    ORDER BY passage_id
)
FROM (
    SELECT posting.collection_id, passage.model_id, term, passage_id, frequency,
        least(passage.term_count, 32767)::int2 AS length,
        min(passage_id) OVER (
            PARTITION BY term, passage.model_id, passage_id >> 31
        ) AS first
    FROM collections_app_posting posting
    JOIN collections_app_passage passage ON passage.id = posting.passage_id
    WHERE posting.collection_id = %s
) one
GROUP BY collection_id, model_id, term, first
"""
CARRY_BACK = """
INSERT INTO collections_app_posting (collection_id, term, passage_id, frequency)
SELECT collection_id, term, passage_id, frequency
FROM (
    SELECT list.collection_id, term,
        first + ('x' || encode(substr(data, 8 * n + 1, 4), 'hex'))::bit(32)::int AS passage_id,
        ('x' || encode(substr(data, 8 * n + 5, 2), 'hex'))::bit(16)::int AS frequency
    FROM collections_app_postinglist list, generate_series(0, list.count - 1) n
    WHERE list.collection_id = %s
) one
WHERE EXISTS (SELECT FROM collections_app_passage WHERE id = passage_id AND term_count > 0)
"""


def for_each_collection(statement):
    def run(apps, schema_editor):
        collections = apps.get_model("collections_app", "Collection")
        with schema_editor.connection.cursor() as cursor:
            for pk in collections.objects.order_by("pk").values_list("pk", flat=True):
                cursor.execute(statement, [pk])

    return run


class Migration(migrations.Migration):
    dependencies = [("collections_app", "0014_model_changes")]

    operations = [
        migrations.CreateModel(
            name="CorpusChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("passages", models.BigIntegerField(verbose_name="passages")),
                ("terms", models.BigIntegerField(verbose_name="terms in them")),
                ("void", models.BinaryField(default=b"", verbose_name="passages without their postings")),
                ("collection", models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="collections_app.collection")),
                ("model", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="collections_app.embeddingmodel")),
            ],
            options={"verbose_name": "change of passages", "verbose_name_plural": "changes of passages"},
        ),
        migrations.CreateModel(
            name="PostingList",
            fields=[
                ("pk", models.CompositePrimaryKey("collection", "model", "term", "first", blank=True, editable=False, primary_key=True, serialize=False)),
                ("term", models.CharField(db_collation="C", max_length=100, verbose_name="term")),
                ("first", models.BigIntegerField(verbose_name="first passage")),
                ("count", models.PositiveIntegerField(verbose_name="passages")),
                ("data", models.BinaryField(verbose_name="postings")),
                ("collection", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="collections_app.collection")),
                ("model", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="collections_app.embeddingmodel")),
            ],
            options={"verbose_name": "posting list", "verbose_name_plural": "posting lists"},
        ),
        # Numbers hardly compress, and a search has no time to unpack them.
        migrations.RunSQL(
            "ALTER TABLE collections_app_postinglist ALTER COLUMN data SET STORAGE EXTERNAL",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        migrations.RunPython(for_each_collection(CARRY), for_each_collection(CARRY_BACK)),
        migrations.DeleteModel(name="Posting"),
        # What is there was indexed by the first version of the terms.
        migrations.AddField(
            model_name="collection",
            name="terms_version",
            field=models.PositiveSmallIntegerField(default=1, editable=False, verbose_name="version of the keyword terms"),
        ),
        migrations.AlterField(
            model_name="collection",
            name="terms_version",
            field=models.PositiveSmallIntegerField(default=collections_app.models.content.terms_version, editable=False, verbose_name="version of the keyword terms"),
        ),
    ]
