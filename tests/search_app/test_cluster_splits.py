"""Clusters within a cluster: made on demand, kept, placed on arrival, removed; several levels."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from collections_app import ingest, services
from collections_app.services import Rejected
from search_app import building, clusters, map_values, maps, related
from search_app.analysis import packing
from search_app.models import Cluster, Clustering, ClusterMember
from search_app.queries import many
from search_app.queries.members import DEEPEST
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.search_app.rows import cluster, public_documents

pytestmark = pytest.mark.django_db

KINDS = {
    "bread": ("rye sourdough crust", "bun butter brioche"),
    "ship": ("ferry harbour engine", "yacht canvas regatta"),
}


def text(topic, kind, number):
    """Mostly of the topic, and of one of its two kinds."""
    return " ".join(
        [topic] * 6 + [f"{topic}s"] * 4 + KINDS[topic][kind].split() * 2 + [f"n{number}"]
    )


@pytest.fixture
def collection():
    """Two topics of two kinds each, four clusters in two."""
    home = CollectionFactory(owner=UserFactory(username="eve"), name="notes", public=True)
    embedded(
        home,
        {
            f"{topic}-{kind}-{n}": text(topic, kind, n)
            for topic in KINDS
            for kind in (0, 1)
            for n in range(5 if topic == "bread" else 4)
        },
    )
    clusters.request(home, 2)
    building.build_all(home.pk)
    return home


def of(collection, parent=None):
    return list(
        clusters.clusters(collection.owner, collection, parent).select_related("clustering")
    )


def split(collection, parent, wanted=2, **options):
    clusters.request(collection, wanted, parent=parent, **options)
    building.build_all(collection.pk)
    state = clusters.clustering(collection.owner, collection, parent)
    assert (state.state, state.error) == ("ready", "")
    return of(collection, parent)


def ids(one):
    return set(
        ClusterMember.objects.filter(cluster=one).values_list("document__external_id", flat=True)
    )


def names(topic, kind, count):
    return {f"{topic}-{kind}-{n}" for n in range(count)}


def test_a_cluster_is_split_into_named_clusters_of_its_documents(collection):
    bread, ships = of(collection)
    parts = split(collection, bread)
    assert sorted(map(sorted, map(ids, parts))) == [sorted(names("bread", k, 5)) for k in (0, 1)]
    assert [part.size for part in parts] == [5, 5]
    told = " ".join(part.name for part in parts)
    assert "rye" in told.lower() or "sourdough" in told.lower() or "crust" in told.lower()
    assert of(collection) == [bread, ships]  # they are not among those of the collection
    assert ids(bread) == ids(parts[0]) | ids(parts[1])
    assert ids(ships) == names("ship", 0, 4) | names("ship", 1, 4)


def test_parts_are_the_same_after_they_and_the_clusters_around_are_made_anew(collection):
    bread, _ships = of(collection)
    parts = split(collection, bread)
    clusters.rename(parts[0], "Mine")
    named = [(part.pk, part.ordinal, part.name) for part in of(collection, bread)]
    members = [ids(part) for part in parts]
    split(collection, bread)
    assert [(one.pk, one.ordinal, one.name) for one in of(collection, bread)] == named
    clusters.request(collection, 2)
    assert building.build(collection.pk) is True
    assert clusters.clustering(collection.owner, collection, bread).state == "queued"
    building.build_all(collection.pk)
    again = of(collection, bread)
    assert [(one.pk, one.ordinal, one.name) for one in again] == named
    assert [ids(one) for one in again] == members


def test_several_levels_and_no_more(collection):
    home = CollectionFactory()
    documents = embedded(
        home, {f"d{n}": f"word{n} word{n // 2} word{n // 4} common" for n in range(8)}
    )
    found = cluster(home, documents)
    for depth in range(1, DEEPEST + 1):
        first, second = split(home, found, 2)
        assert (first.clustering.depth, first.size + second.size) == (depth, found.size)
        assert clusters.above(first)[-1].pk == found.pk
        assert len(clusters.above(first)) == depth
        found = first
        if found.size < clusters.FEWEST_SPLIT:  # made larger by hand, for the next level
            break
    Clustering.objects.filter(pk=found.clustering.pk).update(depth=DEEPEST)
    found = Cluster.objects.get(pk=found.pk)
    Cluster.objects.filter(pk=found.pk).update(size=9)
    found.refresh_from_db()
    with pytest.raises(Rejected, match="not split any further"):
        clusters.request(home, 2, parent=found)


def test_too_small_and_too_much_alike_are_told(client):
    home = CollectionFactory(public=True)
    small = cluster(home, embedded(home, {f"d{n}": f"word{n}" for n in range(3)}))
    with pytest.raises(Rejected, match="3 documents is too small to be split: it takes 4"):
        clusters.request(home, 2, parent=small)
    client.force_login(home.owner)
    assert "too small to be split: that takes 4" in client.get(f"/clusters/{small.pk}/").text
    alike = cluster(home, embedded(home, {f"e{n}": "the same" for n in range(5)}))
    answer = client.post(f"/clusters/{alike.pk}/split/", {}, follow=True)
    assert "The cluster is being split." in answer.text
    building.build_all(home.pk)
    assert "too much alike to be split" in client.get(f"/clusters/{alike.pk}/").text


def test_newcomers_go_down_the_tree(collection):
    bread, _ships = of(collection)
    parts = split(collection, bread)
    [rye] = [part for part in parts if "bread-0-0" in ids(part)]
    embedded(collection, {"new": text("bread", 0, 9)})
    related.refresh(collection.pk)
    assert building.behind() == [collection.pk]
    building.place(collection.pk)
    assert (building.behind(), building.place(collection.pk)) == ([], 0)
    assert "new" in ids(rye)
    rye.refresh_from_db()
    assert rye.size == 6


def test_an_edited_document_leaves_the_parts_of_the_cluster_that_it_leaves(collection):
    bread, ships = of(collection)
    parts = split(collection, bread)
    document = collection.documents.get(external_id="bread-0-0")
    services.edit_document(document, body=text("ship", 1, 9))
    ingest.run()
    related.refresh(collection.pk)
    building.place(collection.pk)
    assert "bread-0-0" in ids(ships)
    assert [
        ("bread-0-0" in ids(part), part.name) for part in parts if "bread-0-0" in ids(part)
    ] == []
    assert sorted(part.size for part in of(collection, bread)) == [4, 5]
    assert building.behind() == []


def test_parts_whose_documents_are_all_edited_go_on_under_their_names(collection):
    bread, _ships = of(collection)
    first, second = split(collection, bread)
    clusters.rename(first, "By hand")
    for document in collection.documents.filter(external_id__in=ids(first)):
        services.edit_document(document, body=f"{document.text} again")
    ingest.run()
    related.refresh(collection.pk)
    building.place(collection.pk)
    parts = of(collection, bread)
    assert [(one.pk, one.name) for one in parts] == [
        (first.pk, "By hand"),
        (second.pk, second.name),
    ]
    assert [len(ids(one)) for one in parts] == [one.size for one in parts] == [5, 5]


def test_a_collection_that_grew_too_large_is_told_and_keeps_its_clusters(collection, monkeypatch):
    clusters.request(collection, 2)
    monkeypatch.setattr(many, "MOST", 5)
    building.build_all(collection.pk)
    state = clusters.clustering(collection.owner, collection)
    assert (state.state, state.error) == ("failed", building.MANY)
    assert len(of(collection)) == 2


def test_a_part_of_one_and_a_cluster_that_is_gone_are_refused(collection):
    bread, _ships = of(collection)
    with pytest.raises(Rejected, match="two parts at least"):
        clusters.request(collection, 1, parent=bread)
    Cluster.objects.filter(pk=bread.pk).delete()
    with pytest.raises(Rejected, match="The cluster is gone"):
        clusters.request(collection, 2, parent=bread)


def test_clusters_that_are_made_otherwise_take_along_what_is_no_longer_in_them(collection):
    bread, _ships = of(collection)
    split(collection, bread)
    clusters.request(collection, 1)
    building.build_all(collection.pk)
    [whole] = of(collection)
    inside = ClusterMember.objects.filter(depth=1)
    parts = Cluster.objects.filter(clustering__depth=1)
    assert whole.size == 18
    assert set(inside.values_list("cluster", flat=True)) == set(parts.values_list("pk", flat=True))
    if whole.pk != bread.pk:
        assert not parts.exists()
    else:  # it went on: what it is split into holds all of it now
        assert sum(parts.values_list("size", flat=True)) == 18


def test_removing_a_split_leaves_documents_where_they_are(collection):
    bread, _ships = of(collection)
    first, _second = split(collection, bread)
    split(collection, first)
    assert clusters.unsplit(bread) is True
    assert clusters.unsplit(bread) is False
    assert ClusterMember.objects.filter(depth__gt=0).count() == 0
    assert Clustering.objects.count() == 1
    assert len(ids(bread)) == 10
    assert building.behind() == []


def test_noise_of_a_split_goes_with_it(collection):
    bread, _ships = of(collection)
    method = Clustering.Method.HDBSCAN
    split(collection, bread, None, method=method, smallest=10)
    outside = clusters.outside(collection.owner, collection, bread)
    assert clusters.outside(collection.owner, collection) == 0
    assert outside == ClusterMember.objects.filter(depth=1, cluster=None).count()
    clusters.unsplit(bread)
    assert ClusterMember.objects.filter(depth=1).count() == 0


def test_deleted_documents_leave_every_level(collection):
    bread, _ships = of(collection)
    split(collection, bread)
    services.delete_documents(collection.documents.filter(external_id__startswith="bread-0"))
    assert [part.size for part in of(collection, bread)] == [5]
    assert Cluster.objects.get(pk=bread.pk).size == 5


# --- page, API, command --------------------------------------------------------------
def test_the_page_splits_shows_and_makes_whole(client, collection):
    bread, _ships = of(collection)
    address = reverse("cluster", args=[bread.pk])
    assert "Split it into" not in client.get(address).text
    for place in ("split", "unsplit"):
        assert client.post(f"{address}{place}/").status_code == 404
        assert client.get(f"{address}{place}/").status_code == 405
    client.force_login(collection.owner)
    assert "Split it into smaller clusters" in client.get(address).text
    refused = client.post(f"{address}split/", {"wanted": "3", "method": "hdbscan"})
    assert (refused.status_code, "leave the number empty" in refused.text) == (422, True)
    assert client.post(f"{address}split/", {"wanted": "0"}).status_code == 422
    told = client.post(f"{address}split/", {"wanted": "2"}, follow=True).text
    assert f'hx-get="{address}state/"' in told
    building.build_all(collection.pk)
    assert client.get(f"{address}state/")["HX-Refresh"] == "true"
    shown = client.get(address).text
    parts = of(collection, bread)
    assert [f'href="/clusters/{part.pk}/"' in shown for part in parts] == [True, True]
    assert f"/api/clusters/{bread.pk}/clusters/items/" in shown
    assert "in 2 parts" in client.get(reverse("clusters", args=[collection.pk])).text
    inside = client.get(reverse("cluster", args=[parts[0].pk])).text
    assert (
        inside.index("Clusters</a>") < inside.index(f'<a href="{address}">') < inside.index("<h1")
    )
    member = collection.documents.get(external_id="bread-0-0")
    told = client.get(member.get_absolute_url()).text
    assert [f'href="/clusters/{one.pk}/"' in told for one in (bread, *parts)].count(True) == 2
    told = client.post(f"{address}unsplit/", follow=True).text
    assert "whole again" in told
    assert of(collection, bread) == []


def test_the_api_splits_lists_and_makes_whole(client, collection):
    bread, _ships = of(collection)
    address = f"/api/clusters/{bread.pk}/clusters/"
    assert client.get(address).json() == {
        "clustering": None,
        "next": None,
        "previous": None,
        "results": [],
    }
    assert client.post(address, {}, content_type="application/json").status_code in (401, 403)
    client.force_login(UserFactory())
    assert client.post(address, {}, content_type="application/json").status_code == 404
    assert client.delete(address).status_code == 404
    client.force_login(collection.owner)
    bad = client.post(address, {"wanted": 0}, content_type="application/json")
    assert bad.json()["errors"].keys() == {"wanted"}
    asked = client.post(address, {"wanted": 2}, content_type="application/json")
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    building.build_all(collection.pk)
    found = client.get(address).json()["results"]
    assert [one["parent"] for one in found] == [bread.pk] * 2
    listed = client.get(f"/api/collections/{collection.pk}/clusters/").json()["results"]
    assert [one["parts"] for one in listed] == [2, 0]
    answer = client.get(f"{address}items/", {"content_length": 5})
    items = json.loads(b"".join(answer.streaming_content))
    assert [one["id"] for one in items] == ["0.0", "0.1"]
    assert {"bread"} == {row["content"] for one in items for row in one["items"]}
    assert client.delete(address).status_code == 204
    assert client.get(address).json()["clustering"] is None


def test_the_command_splits_names_and_makes_whole(collection):
    def run(*args):
        out = io.StringIO()
        call_command("cluster", "notes", *args, "--owner=eve", stdout=out)
        return out.getvalue()

    found = json.loads(run("2", "--in", "0", "--summary"))
    assert [one["id"] for one in found] == ["0.0", "0.1"]
    assert all(one["summary"] for one in found)
    run("--rename", "0.1", "Mine")
    assert json.loads(run("--in", "0", "--show", "--summary"))[1]["summary"] == "Mine"
    timelines = json.loads(run("--in", "0", "--timeline"))
    assert [one["id"] for one in timelines] == ["0.0", "0.1"]
    assert run("--in", "0", "--whole") == ""
    assert json.loads(run("--in", "0", "--show")) == []
    for args, words in (
        (("--in", "0.7", "--show"), "No cluster has the id 0.7"),
        (("--in", "x"), "No cluster has the id x. There are: 0, 1"),
        (("--in", ""), "No cluster has the id"),
        (("--whole",), "goes with --in"),
    ):
        with pytest.raises(CommandError, match=words):
            run(*args)


def test_the_map_is_coloured_by_the_parts_of_a_cluster(client, collection):
    bread, ships = of(collection)
    maps.request(collection)
    maps.build(collection.pk)
    user, name = collection.owner, f"parts.{bread.pk}"
    assert not [one for one in map_values.fields(collection) if one.name.startswith("parts.")]
    split(collection, bread)
    first, second = of(collection, bread)
    assert [one.name for one in map_values.fields(collection)][-1] == name
    header, arrays = packing.unpack(map_values.column(user, collection, name))
    assert header["labels"] == [first.name, second.name]
    order = collection.documents.order_by("pk").values_list("external_id", flat=True)
    codes = dict(zip(order, arrays["code"].tolist(), strict=True))
    for part, place in ((first, 0), (second, 1)):
        held = part.members.values_list("document__external_id", flat=True)
        assert {codes[one] for one in held} == {place}
    assert {codes[one] for one in codes if one.startswith("ship")} == {255}
    shown = client.get(reverse("map", args=[collection.pk])).text
    assert f'<option value="{name}">parts of' in shown
    with pytest.raises(Rejected, match="no field"):
        map_values.column(user, collection, f"parts.{ships.pk}")


def test_parts_beyond_the_colours_are_the_others(collection, monkeypatch):
    monkeypatch.setattr(map_values, "MOST_WORDS", 1)
    maps.request(collection)
    maps.build(collection.pk)
    bread, _ships = of(collection)
    split(collection, bread)
    found = map_values.column(collection.owner, collection, f"parts.{bread.pk}")
    header, arrays = packing.unpack(found)
    assert len(header["labels"]) == 1
    assert set(arrays["code"].tolist()) == {0, 254, 255}


def test_a_page_costs_no_more_with_more_parts(client, django_assert_max_num_queries):
    documents = public_documents(8)
    home = documents[0].collection
    whole = cluster(home, documents)
    inside = Clustering.objects.create(collection=home, parent=whole, depth=1, state="ready")
    for n in range(4):
        part = Cluster.objects.create(
            clustering=inside, collection=home, ordinal=n, name=f"part {n}", size=2, centroid=[1.0]
        )
        for one in documents[2 * n : 2 * n + 2]:
            ClusterMember.objects.create(cluster=part, document=one, score=1, depth=1)
    with django_assert_max_num_queries(14):
        shown = client.get(reverse("cluster", args=[whole.pk])).text
    assert shown.count('<article class="card') == 4
