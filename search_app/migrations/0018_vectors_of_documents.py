from django.db import migrations

# Filters find vectors by their document now, and passages by the constraint that begins with it.
DROP = "DROP INDEX passage_of_document"
CREATE = """
CREATE INDEX passage_of_document ON collections_app_passage (document_id, model_id) INCLUDE (id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("collections_app", "0024_vectors_of_documents"),
        ("search_app", "0017_cluster_splits"),
    ]

    operations = [migrations.RunSQL(DROP, CREATE)]
