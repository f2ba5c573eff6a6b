import pytest
from search_app import clusters
from tests.factories import CollectionFactory, embedded
pytestmark = pytest.mark.django_db
def test_build():
    c = CollectionFactory()
    embedded(c, {"a": "bread and butter", "b": "bread with jam", "c": "ships in harbour", "d": "ships at sea"})
    clusters.request(c, 2)
    assert clusters.build(c.pk)
    got = clusters.clusters(c.owner, c)
    print([(x.name, x.terms, x.size, [m.document.external_id for m in clusters.members(c.owner, x)]) for x in got], clusters.clustering(c.owner,c).__dict__)
