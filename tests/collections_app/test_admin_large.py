"""The admin's lists at a size where counting and sorting everything would show."""

import pytest
from django.db import connection
from django.urls import reverse

from collections_app.large_tables import EXACT_BELOW, estimated_rows
from collections_app.models import Document
from tests.factories import CollectionFactory, UserFactory

pytestmark = pytest.mark.django_db

ROWS = EXACT_BELOW + 500
LIST = "admin:collections_app_document_changelist"


@pytest.fixture
def collection(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    collection = CollectionFactory()
    rows = (
        Document(collection=collection, external_id=f"notes/{n}", content_hash="", state="ready")
        for n in range(ROWS)
    )
    Document.objects.bulk_create(rows, batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE collections_app_document")
    return collection


def test_unfiltered_list_is_not_counted_and_reads_one_page(
    client, collection, django_assert_max_num_queries
):
    assert estimated_rows(Document) == ROWS
    with django_assert_max_num_queries(12) as context:
        changelist = client.get(reverse(LIST)).context["cl"]
    asked = [query["sql"] for query in context.captured_queries]
    assert not [sql for sql in asked if "COUNT(*)" in sql and "collections_app_document" in sql]
    assert (changelist.result_count, len(changelist.result_list)) == (ROWS, 50)


def test_filtered_list_is_counted_exactly(client, collection):
    aside = collection.documents.order_by("pk")[:3].values("pk")
    Document.objects.filter(pk__in=list(aside.values_list("pk", flat=True))).update(
        state=Document.State.SET_ASIDE
    )
    changelist = client.get(reverse(LIST), {"state__exact": "set_aside"}).context["cl"]
    assert changelist.result_count == 3


def test_page_is_read_from_an_index(client, collection, django_assert_max_num_queries):
    with django_assert_max_num_queries(12) as context:
        client.get(reverse(LIST))
    [rows] = [
        query["sql"]
        for query in context.captured_queries
        if 'FROM "collections_app_document"' in query["sql"] and "LIMIT" in query["sql"]
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {rows}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "collections_app_document_pkey" in plan
    assert "Seq Scan on collections_app_document" not in plan
