from django.db import migrations

# What is there already was placed by the vectors and the model of now.
KNOWN = """
UPDATE search_app_cluster SET automatic = name;
UPDATE search_app_clustermember member SET revision = vector.revision
    FROM search_app_documentvector vector WHERE vector.document_id = member.document_id;
UPDATE search_app_clustering clustering SET model_id = home.embedding_model_id
    FROM collections_app_collection home
    WHERE home.id = clustering.collection_id AND clustering.built IS NOT NULL;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('search_app', '0011_cluster_identities'),
    ]

    operations = [migrations.RunSQL(KNOWN, migrations.RunSQL.noop)]
