"""Search: what is found, in which order, and by whom."""

import pytest
from django.contrib.auth.models import AnonymousUser

from search_app.search import search
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db


def test_search_finds(django_assert_max_num_queries):
    collection = CollectionFactory(public=True)
    embedded(collection, {"a": "The harbour at dawn.", "b": "A recipe for bread."})
    found = search(AnonymousUser(), "bread recipes")
    assert [hit.document.external_id for hit in found.hits] == ["b", "a"]
    print(found)
