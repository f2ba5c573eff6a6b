"""Two who add at the same moment cannot both have the last room that a quota leaves."""

import pytest

from collections_app import services
from collections_app.models import Quota
from collections_app.services import Incoming
from tests.collections_app.test_claims import in_threads
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("limit", [{"max_documents": 1}, {"max_bytes": 10}])
@pytest.mark.parametrize("of_user", [True, False])
def test_last_room_is_given_once(media, limit, of_user):
    first = CollectionFactory()
    second = CollectionFactory(owner=first.owner) if of_user else first
    Quota.objects.create(**({"user": first.owner} if of_user else {"collection": first}), **limit)
    ways = [(first, "a"), (second, "b")]

    def add():
        collection, key = ways.pop()
        return services.add_documents(collection, [Incoming(key, body="12345678")])

    results = in_threads(2, add)
    assert sorted(len(one.added) for one in results) == [0, 1]
    assert sorted(len(one.problems) for one in results) == [0, 1]
    assert sum(one.documents.count() for one in {first, second}) == 1
