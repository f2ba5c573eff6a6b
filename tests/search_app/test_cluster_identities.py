"""Clusters that go on: ids, places and names when they are made anew, newcomers, names by hand."""

import io
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from collections_app import ingest, services
from collections_app.models import Document
from collections_app.services import Rejected
from search_app import building, clusters, related
from search_app.analysis import clustering, matching
from search_app.models import Cluster, Clustering, ClusterMember
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded
from tests.search_app.rows import cluster, public_documents

TOPICS = (
    "bread dough oven loaf yeast",
    "ship harbour sail anchor mast",
    "garden seed soil spade rose",
    "guitar chord string melody bass",
    "planet orbit star comet moon",
    "goal referee whistle football pitch",
    "court judge lawyer verdict trial",
    "fever doctor nurse medicine ward",
    "engine wheel brake gearbox clutch",
    "novel chapter author poem library",
)


def text(topic, number):
    """Words of one topic, and a few that all have in common."""
    words = TOPICS[topic].split()
    return " ".join([words[(number + n * n) % 5] for n in range(8)] + [f"note {number}"])


def notes(numbers):
    return {f"{topic}-{n}": text(topic, n) for n in numbers for topic in range(len(TOPICS))}


def made(collection, wanted=None, **options):
    clusters.request(collection, wanted, **options)
    assert clusters.build(collection.pk) is True
    assert clusters.clustering(collection.owner, collection).error == ""
    return shown(collection)


def shown(collection):
    """Ids, names and places in their order, and the documents of each."""
    rows = list(clusters.clusters(collection.owner, collection))
    members = {row.pk: set() for row in rows}
    found = ClusterMember.objects.filter(cluster__in=rows).values_list("cluster", "document")
    for one, document in found:
        members[one].add(document)
    return [(row.pk, row.ordinal, row.name) for row in rows], list(members.values())


@pytest.fixture
def collection():
    home = CollectionFactory(owner=UserFactory(username="eve"), name="notes")
    embedded(home, notes(range(10)))
    return home


@pytest.mark.django_db
def test_ten_clusters_are_the_same_the_second_time(collection):
    named, members = made(collection, 10)
    assert len(named) == 10
    assert made(collection, 10) == (named, members)
    assert made(collection, 10, afresh=True)[1] == members


@pytest.mark.django_db
def test_ten_clusters_stay_what_they_are_after_five_per_cent_more(collection):
    named, members = made(collection, 10)
    embedded(collection, {f"new-{n}": text(n, 20 + n) for n in range(5)})
    later, grown = made(collection, 10)
    assert later == named
    assert [before <= after for before, after in zip(members, grown, strict=True)] == [True] * 10
    assert sum(map(len, grown)) == 105


@pytest.mark.django_db
def test_a_number_that_was_chosen_is_kept_while_no_other_is_clearly_better(collection):
    named, _members = made(collection)
    embedded(collection, {f"new-{n}": text(n, 20 + n) for n in range(5)})
    assert made(collection)[0] == named


@pytest.mark.django_db
def test_with_another_number_those_that_go_on_keep_id_and_place(collection):
    named, members = made(collection, 10)
    fewer, _members = made(collection, 6)
    assert len(fewer) == 6
    kept = [one for one in fewer if one[0] in {row[0] for row in named}]
    assert len(kept) >= 4
    assert kept == sorted(kept, key=lambda one: one[1])
    more, again = made(collection, 10)
    assert {one[0] for one in fewer} <= {one[0] for one in more}
    assert len(more) == 10
    assert sorted(map(sorted, again)) == sorted(map(sorted, members))


@pytest.mark.django_db
def test_a_name_by_hand_is_never_overwritten_while_its_cluster_lives(collection):
    named, _members = made(collection, 10)
    first = Cluster.objects.get(pk=named[0][0])
    clusters.rename(first, "  My \n own\x00 name ")
    embedded(collection, {f"new-{n}": text(n, 20 + n) for n in range(5)})
    for wanted, afresh in ((10, False), (10, True), (9, False)):
        found = {pk: name for pk, _place, name in made(collection, wanted, afresh=afresh)[0]}
        assert found[first.pk] == "My own name"
    first.refresh_from_db()
    clusters.rename(first, " ")
    assert (first.name, first.renamed) == (first.automatic, False)
    with pytest.raises(Rejected, match="201 characters"):
        clusters.rename(first, "x" * 201)


@pytest.mark.django_db
def test_a_name_given_during_a_build_stays(collection, monkeypatch):
    named, _members = made(collection, 10)
    group = clustering.group

    def renaming(*args):
        clusters.rename(Cluster.objects.get(pk=named[0][0]), "Mine")
        return group(*args)

    monkeypatch.setattr(building.analysis, "group", renaming)
    assert made(collection, 10)[0][0] == (*named[0][:2], "Mine")


@pytest.mark.django_db
def test_newcomers_go_to_the_nearest_cluster_and_no_other_moves(collection):
    _named, members = made(collection, 10)
    scores = dict(ClusterMember.objects.values_list("document", "score"))
    [new] = embedded(collection, {"new": text(3, 50)})
    related.refresh(collection.pk)
    assert building.behind() == [collection.pk]
    assert building.place(collection.pk) == 1
    assert (building.behind(), building.place(collection.pk)) == ([], 0)
    _named, grown = shown(collection)
    [home] = [place for place, group in enumerate(grown) if new.pk in group]
    third = set(Document.objects.filter(external_id__startswith="3-").values_list("pk", flat=True))
    assert members[home] == third
    assert [a - {new.pk} for a in grown] == members
    assert {pk: scores[pk] for pk in scores} == {
        pk: score
        for pk, score in ClusterMember.objects.values_list("document", "score")
        if pk != new.pk
    }
    row = ClusterMember.objects.get(document=new)
    assert row.cluster.size == 11


@pytest.mark.django_db
def test_an_edited_document_moves_to_where_it_belongs_now(collection):
    made(collection, 10)
    document = collection.documents.get(external_id="0-0")
    target = ClusterMember.objects.get(document__external_id="4-0").cluster_id
    services.edit_document(document, body=text(4, 60))
    ingest.run()
    related.refresh(collection.pk)
    assert building.place(collection.pk) == 1
    assert ClusterMember.objects.get(document=document).cluster_id == target
    assert sorted(clusters.clusters(collection.owner, collection).values_list("size", flat=True))[
        ::9
    ] == [9, 11]


@pytest.mark.django_db
def test_under_another_model_nothing_is_placed_until_clusters_are_made_anew(collection):
    named, _members = made(collection, 10)
    Clustering.objects.update(model=EmbeddingModelFactory(name="other"))
    embedded(collection, {"new": text(3, 50)})
    related.refresh(collection.pk)
    assert (building.behind(), building.place(collection.pk)) == ([], 0)
    assert building.requeue_outdated() == [collection.pk]
    assert clusters.build(collection.pk) is True
    again, _members = shown(collection)
    assert again == named


@pytest.mark.django_db
def test_a_model_that_cannot_be_asked_leaves_names_by_words(collection, monkeypatch):
    def gone(*_args):
        raise OSError("no such server")

    monkeypatch.setattr(building.cluster_names.vectors, "embed", gone)
    named, _members = made(collection, 10)
    assert all(name for _pk, _place, name in named)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_groups_are_matched_one_to_one_whatever_they_are(old, new, seed):
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(20, 4)).astype(np.float32)
    former, labels = draw.integers(-1, old, 20), draw.integers(0, new, 20)
    found, shared = matching.match(rows, former, labels)
    assert len(found) == len(shared) == labels.max() + 1
    kept = found[found >= 0].tolist()
    assert len(kept) == len(set(kept))
    for place, one in enumerate(found.tolist()):
        both = ((labels == place) & (former == one)).sum()
        either = ((labels == place) | (former == one)).sum()
        assert shared[place] == pytest.approx(both / either if one >= 0 else 0)


def test_the_same_groups_under_other_numbers_are_found_again():
    rows = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    former = np.arange(30) % 3
    found, shared = matching.match(rows, former, (former + 1) % 3)
    assert (found.tolist(), shared.tolist()) == ([2, 0, 1], [1.0, 1.0, 1.0])
    nothing, _shared = matching.match(rows, np.full(30, -1), former)
    assert nothing.tolist() == [-1] * 3


# --- page, API, command --------------------------------------------------------------
@pytest.mark.django_db
def test_the_owner_names_a_cluster_on_its_page(client):
    documents = public_documents(2)
    row = cluster(documents[0].collection, documents)
    address = reverse("cluster", args=[row.pk])
    assert "Give it another name" not in client.get(address).text
    assert client.post(address, {"name": "Mine"}).status_code == 404
    client.force_login(documents[0].collection.owner)
    assert "Give it another name" in client.get(address).text
    told = client.post(address, {"name": "<b>Mine</b>"}, follow=True).text
    assert told.count("&lt;b&gt;Mine&lt;/b&gt;") >= 2
    assert "Named by hand" in told
    long = client.post(address, {"name": "x" * 201})
    assert (long.status_code, 'class="field__error"' in long.text) == (422, True)
    client.post(address, {"name": ""})
    row.refresh_from_db()
    assert (row.name, row.renamed) == ("boats", False)


@pytest.mark.django_db
def test_the_api_names_a_cluster_for_those_who_may_edit(client):
    documents = public_documents(2)
    row = cluster(documents[0].collection, documents)
    address = f"/api/clusters/{row.pk}/"

    def patch(**body):
        return client.patch(address, body, content_type="application/json")

    assert patch(name="Mine").status_code in (401, 403)
    client.force_login(UserFactory())
    assert patch(name="Mine").status_code == 404
    client.force_login(documents[0].collection.owner)
    assert patch(name="Mine", size=9).json() | {"representative": 0} == {
        "id": row.pk,
        "collection": row.collection_id,
        "name": "Mine",
        "renamed": True,
        "terms": ["harbour", "sail"],
        "size": 2,
        "parent": None,
        "parts": 0,
        "representative": 0,
        "url": address.removeprefix("/api"),
    }
    assert patch(name="").json()["name"] == "boats"
    assert patch(name="x" * 201).json()["errors"].keys() == {"name"}
    assert client.put(address, {}, content_type="application/json").status_code == 405


@pytest.mark.django_db
def test_clusters_with_their_contents_have_the_shape_of_the_plugin(client):
    documents = public_documents(3)
    home = documents[0].collection
    cluster(home, documents[:2], 'said "boats"')
    cluster(home, documents[2:], "other")
    address = f"/api/collections/{home.pk}/clusters/items/"
    answer = client.get(address)
    found = json.loads(b"".join(answer.streaming_content))
    assert found == [
        {
            "id": str(place),
            "items": [{"id": one.external_id, "content": one.text} for one in inside],
            "summary": name,
        }
        for place, (inside, name) in enumerate(
            [(documents[:2], 'said "boats"'), (documents[2:], "other")]
        )
    ]
    cut = client.get(address, {"content_length": 7, "summary": False})
    [first, _second] = json.loads(b"".join(cut.streaming_content))
    assert first["items"][0]["content"] == "A quiet"
    assert "summary" not in first
    assert client.get(address, {"content_length": -1}).status_code == 400
    empty = CollectionFactory(public=True)
    nothing = client.get(f"/api/collections/{empty.pk}/clusters/items/")
    assert b"".join(nothing.streaming_content) == b"[]"


def run(*args, **options):
    out = io.StringIO()
    call_command("cluster", *args, owner="eve", stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_prints_as_json_does_and_names_clusters(collection):
    printed = run("notes", 3, summary=True)
    found = json.loads(printed)
    assert printed == json.dumps(found, indent=4) + "\n"
    assert [one["id"] for one in found] == ["0", "1", "2"]
    assert sum(len(one["items"]) for one in found) == 100
    named = json.loads(run("notes", "--rename", "1", "Mine", summary=True, content_length=4))
    assert [one["summary"] for one in named] == [found[0]["summary"], "Mine", found[2]["summary"]]
    assert {len(item["content"]) for one in named for item in one["items"]} == {4}
    assert json.loads(run("notes", show=True, summary=True))[1]["summary"] == "Mine"
    for args, words in (
        (("--rename", "9", "x"), "There are: 0, 1, 2"),
        (("--rename", "x", "x"), "No cluster has the id x"),
        (("--content-length", "-1"), "must be 0"),
    ):
        with pytest.raises(CommandError, match=words):
            run("notes", *args)
