"""Pages and API of the map: states, the table, what the page draws, what is refused."""

import gzip

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from collections_app.models import Collection
from search_app import maps
from search_app.analysis import packing
from search_app.models import CollectionMap
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

TEXTS = {f"t{n}": f"A boat in the harbour, number {n}." for n in range(60)}


@pytest.fixture
def collection():
    return CollectionFactory(public=True)


@pytest.fixture
def mapped(collection):
    embedded(collection, TEXTS)
    maps.request(collection)
    assert maps.build(collection.pk)
    return collection


def page(client, pk, view="map", **query):
    return client.get(reverse(view, args=[pk]), query)


def test_an_empty_collection_has_nothing_to_map(client, collection):
    assert "Nothing to map yet" in page(client, collection.pk).text


def test_the_owner_makes_the_map_and_the_page_waits_for_it(client, collection):
    embedded(collection, {"a": "bread", "b": "boats", "c": "stars"})
    assert "The owner of this collection has not" in page(client, collection.pk).text
    assert client.post(reverse("map", args=[collection.pk])).status_code == 404
    client.force_login(collection.owner)
    assert "No map yet" in page(client, collection.pk).text
    answer = client.post(reverse("map", args=[collection.pk]))
    assert answer["Location"] == reverse("map", args=[collection.pk])
    shown = page(client, collection.pk).text
    assert f'hx-get="/c/{collection.pk}/map/state/"' in shown
    assert "3 documents are being placed" in shown.replace("\n", " ")
    assert "HX-Refresh" not in page(client, collection.pk, "map_state")
    maps.build(collection.pk)
    assert page(client, collection.pk, "map_state")["HX-Refresh"] == "true"
    assert "data-map-stage" in page(client, collection.pk).text


def test_a_failure_is_told_and_can_be_tried_again(client, collection):
    DocumentFactory(collection=collection)
    CollectionMap.objects.create(collection=collection, state="failed", error="Too <few>.")
    client.force_login(collection.owner)
    shown = page(client, collection.pk).text
    assert "Too &lt;few&gt;." in shown
    assert "Make the map" in shown


def test_the_table_has_every_point_in_pages(client, mapped):
    first, last = page(client, mapped.pk), page(client, mapped.pk, page=3)
    assert "60 documents on the map" in first.text
    rows = [row.document for one in (first, last) for row in one.context["page"]]
    assert len({row.pk for row in rows}) == 35
    assert page(client, mapped.pk, page=4).status_code == 404
    assert page(client, mapped.pk, page="x").status_code == 200


def test_the_page_takes_as_many_queries_for_one_as_for_many(client, mapped):
    small = CollectionFactory(public=True)
    embedded(small, {"a": "A boat.", "b": "A harbour."})
    maps.request(small)
    maps.build(small.pk)
    counts = []
    for home in (small, mapped):
        with CaptureQueriesContext(connection) as queries:
            assert page(client, home.pk).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


def test_htmx_gets_the_table_alone_and_the_address_to_show(client, mapped):
    answer = client.get(
        reverse("map", args=[mapped.pk]),
        {"filter": "map_area:0-0_65535-0_65535-65535_0-65535"},
        headers={"HX-Request": "true"},
    )
    assert answer.text.lstrip().startswith('<section id="map-table"')
    assert answer["HX-Push-Url"].startswith(f"/c/{mapped.pk}/map/?filter=map_area")
    assert "drawn area" in answer.text
    assert f"/search/?c={mapped.pk}&amp;filter=map_area%3A0-0_65535-0" in answer.text


def test_a_bad_filter_is_told_on_the_page(client, mapped):
    answer = page(client, mapped.pk, filter="map_area:1")
    assert answer.status_code == 422
    assert "wants 3 to 200 corners" in answer.text
    refused = page(client, mapped.pk, "map_hits", filter="map_area:1")
    assert (refused.status_code, "corners" in refused.json()["detail"]) == (422, True)
    assert page(client, mapped.pk, "map_values", name="x").status_code == 422
    back = page(client, mapped.pk, "map_export", filter="map_area:1")
    assert back["Location"] == reverse("map", args=[mapped.pk])


def test_points_are_sent_compressed_and_once(client, mapped):
    place = reverse("map_points", args=[mapped.pk])
    plain = client.get(place)
    packed = client.get(place, headers={"accept-encoding": "gzip"})
    assert gzip.decompress(packed.content) == plain.content
    assert len(packing.unpack(plain.content)[1]["id"]) == 60
    again = client.get(place, headers={"if-none-match": plain["ETag"]})
    assert again.status_code == 304


def test_titles_and_hits_are_of_this_collection_alone(client, mapped):
    other = DocumentFactory(collection=CollectionFactory(public=True))
    first = mapped.documents.first()
    wanted = f"{first.pk},{other.pk},x,{10**30}"
    assert page(client, mapped.pk, "map_titles", d=wanted).json() == {str(first.pk): first.title}
    hits = page(client, mapped.pk, "map_hits", q="boat in the harbour").json()
    assert 1 <= len(hits["documents"]) == hits["total"] <= 200
    assert set(hits["documents"]) <= set(mapped.documents.values_list("pk", flat=True))


def test_a_search_without_its_model_is_told(client, mapped, monkeypatch):
    from collections_app.encoders import ModelMissing

    def away(*args):
        raise ModelMissing("Put the model into a folder.")

    monkeypatch.setattr("collections_app.vectors._query_vector", away)
    monkeypatch.setattr("search_app.maps.best_documents", away)
    assert page(client, mapped.pk, q="boats").status_code == 503
    assert page(client, mapped.pk, "map_hits", q="boats").status_code == 503
    assert page(client, mapped.pk, "map_values", name="score", q="boats").status_code == 503


def test_a_selection_becomes_a_collection_of_who_is_logged_in(client, mapped):
    place = reverse("map_copy", args=[mapped.pk])
    area = "map_area:0-0_65535-0_65535-65535_0-65535"
    assert client.post(place, {"name": "Mine", "filter": area}).status_code == 302
    assert not Collection.objects.filter(name="Mine").exists()
    user = UserFactory()
    client.force_login(user)
    made = client.post(place, {"name": "Mine", "filter": area})
    home = Collection.objects.get(name="Mine")
    assert (made["Location"], home.owner_id) == (f"/c/{home.pk}/", user.pk)
    assert home.documents.count() == 60
    again = client.post(place, {"name": "Mine", "filter": area})
    assert again["Location"].startswith(f"/c/{mapped.pk}/map/?filter=map_area")
    assert "You have a collection named" in client.get(again["Location"]).text


def test_api_makes_reads_and_copies(client, collection):
    embedded(collection, {"a": "bread", "b": "boats", "c": "stars"})
    place = f"/api/collections/{collection.pk}/map/"
    assert client.get(place).status_code == 404
    client.force_login(collection.owner)
    assert client.post(place, content_type="application/json").status_code == 202
    maps.build(collection.pk)
    told = client.get(place).json()
    assert (told["state"], told["points"], told["fitted"]) == ("ready", 3, 3)
    assert len(told["explained"]) == 2
    found = client.get(f"{place}points/", {"limit": 2, "offset": 2}).json()
    assert (found["total"], len(found["results"])) == (3, 1)
    assert found["results"][0]["document"]["external_id"] == "c"
    assert 0 <= found["results"][0]["x"] <= 65_535
    assert found["results"][0]["cluster"] is None
    assert client.get(f"{place}points/", {"filter": "map_area:1"}).status_code == 400
    block = client.get(f"{place}data/", {"name": "added"})
    assert len(packing.unpack(block.content)[1]["value"]) == 3
    assert len(packing.unpack(client.get(f"{place}data/").content)[1]["x"]) == 3
    sent = {"name": "Copies", "filter": ["id:a"]}
    made = client.post(f"{place}collection/", sent, content_type="application/json")
    assert (made.status_code, made.json()["documents"]) == (201, 1)


def test_api_refuses_what_one_may_not_change(client, mapped):
    place = f"/api/collections/{mapped.pk}/map/"
    assert client.post(place).status_code in (401, 403)
    client.force_login(UserFactory())
    assert client.post(place).status_code == 404
