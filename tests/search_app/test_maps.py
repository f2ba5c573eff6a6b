"""Maps: the wish, the build, arrivals, deletions, and documents chosen on them."""

import csv
import io
import json

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.urls import reverse

from collections_app import services
from collections_app.models import Collection, EmbeddingModel
from collections_app.services import Rejected
from search_app import clusters, map_values, maps, placing, tasks
from search_app.analysis import packing
from search_app.leases import FRESH
from search_app.models import CollectionMap, MapPoint
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

BAKING = {f"b{n}": f"Bread dough rises in the oven, loaf {n}." for n in range(4)}
SHIPS = {f"s{n}": f"Ships sail from the harbour, vessel {n}." for n in range(3)}
EVERYWHERE = "map_area:0-0_65535-0_65535-65535_0-65535"


@pytest.fixture
def collection():
    made = CollectionFactory()
    embedded(made, BAKING, metadata={"kind": "baking", "year": 2020})
    embedded(made, SHIPS, metadata={"kind": "ships", "year": 2024})
    return made


@pytest.fixture
def mapped(collection):
    maps.request(collection)
    assert maps.build(collection.pk) is True
    return collection


def places(collection):
    """Where each document lies, by its id."""
    rows = MapPoint.objects.filter(map__collection=collection)
    return {one: (x, y) for one, x, y in rows.values_list("document__external_id", "x", "y")}


def around(collection, names):
    """The filter for an area around these documents."""
    found = np.array([places(collection)[name] for name in names])
    (left, bottom), (right, top) = found.min(axis=0) - 50, found.max(axis=0) + 50
    left, bottom = max(left, 0), max(bottom, 0)
    return f"map_area:{left}-{bottom}_{right}-{bottom}_{right}-{top}_{left}-{top}"


def names(collection, *wanted, text=""):
    found = maps.chosen(collection.owner, collection, text, wanted)
    return [document.external_id for document in maps.rows(found.ids)]


def test_every_document_has_a_place_near_those_like_it(mapped):
    found = places(mapped)
    assert set(found) == set(BAKING) | set(SHIPS)
    made = maps.map_of(mapped.owner, mapped)
    assert (made.state, made.fitted) == ("ready", 7)
    assert 0.3 < made.explained_first + made.explained_second <= 1
    baking = np.array([found[name] for name in BAKING])
    ships = np.array([found[name] for name in SHIPS])
    apart = np.linalg.norm(baking.mean(axis=0) - ships.mean(axis=0))
    assert apart > 2 * np.linalg.norm(baking - baking.mean(axis=0), axis=1).max()


def test_a_new_document_lands_without_moving_any_other(mapped):
    before = places(mapped)
    embedded(mapped, {"b9": "Bread dough rises in the oven, loaf 9."})
    tasks.refresh_related(mapped.pk)
    after = places(mapped)
    assert {name: after[name] for name in before} == before
    assert np.linalg.norm(np.subtract(after["b9"], after["b1"])) < 30_000
    assert placing.place(mapped.pk) == 0


def test_arrival_places_a_document_by_the_signal_alone(mapped, monkeypatch):
    woken = []
    monkeypatch.setattr("search_app.receivers.call", lambda task, *args: woken.append((task, args)))
    embedded(mapped, {"b9": "Bread dough."})
    assert (tasks.refresh_related, (mapped.pk,)) in woken


def test_an_edited_document_moves_and_no_other(mapped):
    from collections_app import ingest

    before = places(mapped)
    services.edit_document(mapped.documents.get(external_id="b0"), body=SHIPS["s0"])
    ingest.run()
    tasks.refresh_related(mapped.pk)
    after = places(mapped)
    assert {name for name in before if after[name] != before[name]} == {"b0"}
    assert np.linalg.norm(np.subtract(after["b0"], after["s0"])) < 12_000


def test_what_a_lost_wake_up_left_is_placed_by_the_sweep(mapped, monkeypatch):
    from search_app import related

    embedded(mapped, {"b9": "Bread dough."})
    related.refresh(mapped.pk)
    assert placing.behind() == [mapped.pk]
    called = []
    monkeypatch.setattr(tasks, "call", lambda task, *args: called.append((task, args)))
    tasks.sweep()
    assert (tasks.place_documents, (mapped.pk,)) in called
    tasks.place_documents(mapped.pk)
    assert placing.behind() == []
    assert "b9" in places(mapped)


def test_a_deleted_document_is_off_the_map_at_once(mapped):
    services.delete_documents(mapped.documents.filter(external_id="b0"))
    assert set(places(mapped)) == (set(BAKING) | set(SHIPS)) - {"b0"}


def test_a_deleted_collection_leaves_no_point(mapped):
    services.delete_collection(mapped)
    assert (MapPoint.objects.count(), CollectionMap.objects.count()) == (0, 0)


def test_a_document_deleted_during_the_making_is_left_out(collection, monkeypatch):
    maps.request(collection)
    fit = placing.projection.fit

    def deleting(*args):
        services.delete_documents(collection.documents.filter(external_id="b0"))
        return fit(*args)

    monkeypatch.setattr(placing.projection, "fit", deleting)
    assert maps.build(collection.pk) is True
    assert "b0" not in places(collection)
    assert len(places(collection)) == 6


def test_a_map_of_another_model_is_made_anew(mapped):
    other = EmbeddingModel.objects.create(name="other", backend="fake", ref="fake", dimension=256)
    assert placing.requeue_outdated() == 0
    Collection.objects.filter(pk=mapped.pk).update(embedding_model=other)
    assert placing.requeue_outdated() == 1
    assert placing.waiting() == [mapped.pk]


def test_a_failure_is_recorded_and_the_old_map_stays(mapped, monkeypatch):
    before = places(mapped)
    maps.request(mapped)
    monkeypatch.setattr(placing.projection, "fit", lambda *args: 1 / 0)
    assert maps.build(mapped.pk) is True
    made = maps.map_of(mapped.owner, mapped)
    assert (made.state, "division by zero" in made.error) == ("failed", True)
    assert places(mapped) == before


def test_a_new_wish_during_the_making_wins(collection, monkeypatch):
    maps.request(collection)
    fit = placing.projection.fit

    def overtaken(*args):
        CollectionMap.objects.update(**FRESH)
        return fit(*args)

    monkeypatch.setattr(placing.projection, "fit", overtaken)
    assert maps.build(collection.pk) is False
    assert places(collection) == {}


def test_what_stops_its_worker_every_time_is_given_up(collection, settings):
    maps.request(collection)
    CollectionMap.objects.update(attempts=settings.MAX_ATTEMPTS)
    assert placing.give_up() == 1
    assert "stopped 3 times" in maps.map_of(collection.owner, collection).error


def test_a_map_of_nothing_has_no_points():
    collection = CollectionFactory()
    maps.request(collection)
    assert maps.build(collection.pk) is True
    assert maps.chosen(collection.owner, collection).total == 0


def test_an_area_chooses_what_lies_in_it(mapped):
    assert sorted(names(mapped, around(mapped, BAKING))) == sorted(BAKING)
    assert sorted(names(mapped, EVERYWHERE)) == sorted(BAKING | SHIPS)
    assert names(mapped, around(mapped, SHIPS), "kind:baking") == []


def test_a_cluster_and_no_cluster_choose(mapped):
    clusters.request(mapped, 2)
    clusters.build(mapped.pk)
    first = clusters.clusters(mapped.owner, mapped)[0]
    assert sorted(names(mapped, f"map_cluster:{first.pk}")) == sorted(BAKING)
    assert names(mapped, "map_cluster:none") == []


def test_a_search_finds_within_an_area(mapped):
    assert set(names(mapped, text="bread oven")) >= {"b0"}
    assert set(names(mapped, around(mapped, SHIPS), text="bread oven")) <= set(SHIPS)


@pytest.mark.parametrize(
    "wrong",
    [
        "map_area:1-2",
        "map_area:x",
        "map_area:1-2_3-4_5",
        "map_area:1-2_3-4_5-6'",
        "map_area:" + "_".join(["1-2"] * 201),
        "map_cluster:x",
        "map_area:*",
    ],
)
def test_what_is_no_area_is_refused_with_the_form_it_has(mapped, wrong):
    with pytest.raises(Rejected, match="wants"):
        maps.chosen(mapped.owner, mapped, "", [wrong])


def test_points_come_as_numbers_with_their_clusters(mapped):
    clusters.request(mapped, 2)
    clusters.build(mapped.pk)
    header, arrays = packing.unpack(maps.packed(mapped.owner, mapped))
    ids = np.cumsum(arrays["id"]).tolist()
    assert ids == sorted(mapped.documents.values_list("pk", flat=True))
    by_id = dict(mapped.documents.values_list("pk", "external_id"))
    found = places(mapped)
    for pk, x, y, label in zip(ids, arrays["x"], arrays["y"], arrays["cluster"], strict=True):
        assert (int(x), int(y)) == found[by_id[pk]]
        assert (label == 0) == (by_id[pk] in BAKING)
    assert [one["size"] for one in header["clusters"]] == [4, 3]


@pytest.mark.parametrize("reader", [AnonymousUser, UserFactory])
def test_a_private_map_is_its_owner_s_alone(mapped, reader):
    user = reader()
    assert maps.map_of(user, mapped) is None
    assert maps.chosen(user, mapped).ids == []
    assert packing.unpack(maps.packed(user, mapped))[1] == {}
    with pytest.raises(Rejected):
        map_values.column(user, mapped, "added")


def test_fields_and_scores_give_a_value_for_each_point(mapped):
    known = {one.name: one.kind for one in map_values.fields(mapped)}
    assert known == {"added": "d", "metadata.kind": "", "metadata.year": ""}
    header, arrays = packing.unpack(map_values.column(mapped.owner, mapped, "metadata.kind"))
    assert header["labels"] == ["baking", "ships"]
    assert arrays["code"].tolist() == [0] * 4 + [1] * 3
    header, arrays = packing.unpack(map_values.column(mapped.owner, mapped, "score", "bread oven"))
    assert arrays["value"][:4].min() > arrays["value"][4:].max()
    with pytest.raises(Rejected, match=r"no field.*added"):
        map_values.column(mapped.owner, mapped, "nothing")
    with pytest.raises(Rejected, match="nothing to search for"):
        map_values.column(mapped.owner, mapped, "score", " ")


def test_dates_and_numbers_are_scales():
    home = CollectionFactory()
    for n in range(12):
        text = {f"d{n}": f"Note number {n} of many."}
        embedded(home, text, metadata={"made": f"2024-05-{n + 1:02d}", "price": n / 2})
    embedded(home, {"none": "Without."})
    maps.request(home)
    maps.build(home.pk)
    header, arrays = packing.unpack(map_values.column(home.owner, home, "metadata.made"))
    days = np.datetime64("2024-05-01").astype(int) + np.arange(12)
    assert arrays["value"][:12].tolist() == days.tolist()
    assert np.isnan(arrays["value"][12])
    assert (header["kind"], header["low"], header["high"]) == ("d", days[0], days[-1])
    header, arrays = packing.unpack(map_values.column(home.owner, home, "metadata.price"))
    assert (header["kind"], header["high"]) == ("n", 5.5)


def test_what_is_chosen_becomes_a_collection(mapped):
    made, result = maps.copy(mapped.owner, mapped, "Ships", "", [around(mapped, SHIPS)])
    assert (result.problems, len(result.added)) == ([], 3)
    copied = made.documents.order_by("external_id")
    assert [one.external_id for one in copied] == sorted(SHIPS)
    assert copied[0].metadata == {"kind": "ships", "year": 2024}
    assert made.embedding_model_id == mapped.embedding_model_id
    with pytest.raises(Rejected, match="Nothing is chosen"):
        maps.copy(mapped.owner, mapped, "None", "", ["map_area:0-0_1-0_1-1"])


def test_too_many_are_not_copied(mapped, monkeypatch):
    monkeypatch.setattr(maps, "MOST_COPIED", 2)
    with pytest.raises(Rejected, match="7 documents; the most"):
        maps.copy(mapped.owner, mapped, "All")
    assert Collection.objects.filter(name="All").count() == 0


def test_command_prints_the_map(collection, capsys):
    call_command("map", collection.name, owner=collection.owner.username)
    shown = json.loads(capsys.readouterr().out)
    assert {one["id"] for one in shown["points"]} == set(BAKING) | set(SHIPS)
    assert len(shown["explained"]) == 2


def test_command_says_why_it_failed(collection, monkeypatch):
    monkeypatch.setattr(placing.projection, "fit", lambda *args: 1 / 0)
    with pytest.raises(CommandError, match="division by zero"):
        call_command("map", collection.name, owner=collection.owner.username)


def test_export_is_whole_and_no_formula(client, mapped):
    services.edit_document(mapped.documents.get(external_id="s0"), title="=1+1")
    client.force_login(mapped.owner)
    place = reverse("map_export", args=[mapped.pk])
    area = around(mapped, SHIPS)
    rows = json.loads(client.get(place, {"filter": area}).getvalue())
    assert [row["id"] for row in rows] == sorted(SHIPS)
    written = client.get(place, {"filter": area, "form": "csv"}).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(written)))
    assert [row["title"] for row in rows] == ["'=1+1", "s1", "s2"]
    assert json.loads(client.get(place, {"filter": "map_area:0-0_1-0_1-1"}).getvalue()) == []
