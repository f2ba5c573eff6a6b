"""Axes and label sets: the arithmetic, real sentences, pages, the API, arrivals."""

import json
from pathlib import Path

import numpy as np
import pytest

from collections_app import ingest, services
from collections_app.services import Rejected
from search_app import axes, example_vectors, label_lines, label_sets, tasks
from search_app.analysis import centroids
from search_app.models import AssignedLabel, Axis, LabelSet
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db
SENTENCES = json.loads((Path(__file__).parents[1] / "data/concrete_abstract.json").read_text())
NOTES = Path(__file__).resolve().parents[3] / "shared" / "data" / "til"
TEXTS = {
    "sea/a": "boats lie in the harbour",
    "sea/b": "boats leave the harbour",
    "food/c": "bread with butter and jam",
    "food/d": "jam on bread",
    "e": "the harbour has boats",
}


@pytest.fixture
def home():
    collection = CollectionFactory(public=True)
    embedded(collection, TEXTS)
    return collection


def sea_and_food(home, **more):
    poles = {"low_name": "food", "low_examples": ["bread and jam"], "high_name": "sea"}
    return axes.make_axis(home, name="Sea", **(poles | {"high_examples": ["boats"]} | more))


def test_poles_are_at_minus_one_and_one_and_their_middle_at_none():
    low, high = centroids.unit(np.array([[1.0, 0, 0], [1, 1, 0]], np.float32))
    found = centroids.positions(np.array([low, high, low + high, [0, 0, 1]], np.float32), low, high)
    assert found == pytest.approx([-1, 1, 0, 0], abs=1e-6)
    with pytest.raises(ValueError, match="the same"):
        centroids.positions(np.array([low]), low, low)


def test_leave_one_out_equals_doing_it_by_hand():
    rng = np.random.default_rng(0)
    vectors = centroids.unit(rng.normal(size=(60, 8)).astype(np.float32))
    truth = rng.integers(0, 4, 60)
    vectors = centroids.unit(vectors + 0.7 * np.eye(8, dtype=np.float32)[truth])
    found = centroids.left_out(vectors, truth, 5)
    for place in range(60):
        others = np.arange(60) != place
        middles = [centroids.centroid(vectors[others & (truth == label)]) for label in range(4)]
        best = int(np.argmax(vectors[place] @ np.array(middles).T))
        assert found.found.labels[place] == best
    assert found.accuracy == pytest.approx(np.mean(found.found.labels == truth))
    assert found.confusion.sum() == 60


def test_a_label_with_one_example_is_not_counted():
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2]]
    found = centroids.left_out(vectors, np.array([0, 0, 1, 1, 2]), 3)
    assert (found.alone, found.count, found.accuracy) == (1, 4, 1.0)
    assert found.above(0.5) == (1.0, 1.0)
    assert found.above(1.5) == (0.0, 0.0)


def test_concrete_and_abstract_sentences_are_told_apart():
    """With the real model: what docs/scores.md states."""
    home = CollectionFactory(real=True)
    axis = axes.make_axis(
        home,
        name="Abstract",
        low_name="concrete",
        high_name="abstract",
        low_examples=SENTENCES["concrete"],
        high_examples=SENTENCES["abstract"],
    )
    right = 0
    for name, sign in (("held_concrete", -1), ("held_abstract", 1)):
        for sentence in SENTENCES[name]:
            [found] = axes.score_text(axis, sentence)
            right += found.score * sign > 0
    assert right >= 38


@pytest.mark.slow
@pytest.mark.skipif(not NOTES.is_dir(), reason=f"{NOTES} is not there")
def test_folders_of_the_notes_as_labels():
    home = CollectionFactory(real=True)
    paths = sorted(NOTES.rglob("*.md"))
    embedded(home, {path.relative_to(NOTES).as_posix(): path.read_text() for path in paths})
    folders = label_sets.make_label_set(home, name="folders", source="folder")
    _made, found = label_sets.left_out(folders)
    share, right = found.above(0.02)
    assert found.accuracy > 0.54
    assert share > 0.75
    assert right > found.accuracy


def test_sentences_are_scored_in_their_order(client, home):
    axis = sea_and_food(home)
    page = client.post(f"/axes/{axis.pk}/text/", {"text": "Boats. Bread and jam. <b>"})
    assert page.status_code == 200
    assert page.text.index("Boats.") < page.text.index("Bread and jam.")
    assert "tone--5" in page.text
    assert "tone---4" in page.text
    assert "&lt;b&gt;" in page.text
    long = client.post(f"/axes/{axis.pk}/text/", {"text": "x" * 20_001})
    assert "too long" in long.text
    assert "show here" in client.post(f"/axes/{axis.pk}/text/", {"text": " "}).text


def test_documents_are_sorted_filtered_and_counted(client, home):
    axis = sea_and_food(home)
    ids, places = axes.score_documents(axis)
    assert len(ids) == 5
    assert places.tolist() == sorted(places.tolist())
    keys = dict(home.documents.values_list("pk", "external_id"))
    assert {keys[pk] for pk in ids[:2].tolist()} == {"food/c", "food/d"}
    page = client.get(f"/axes/{axis.pk}/")
    assert page.text.count("<rect") == axes.BINS
    assert page.text.index(f"/d/{ids[0]}/") < page.text.index(f"/d/{ids[-1]}/")
    other = client.get(f"/axes/{axis.pk}/?order=high").text
    assert other.index(f"/d/{ids[0]}/") > other.index(f"/d/{ids[-1]}/")
    cut = client.get(f"/axes/{axis.pk}/?from=0&to=5").text
    assert f"/d/{ids[0]}/" not in cut
    assert f"/d/{ids[-1]}/" in cut
    assert "No document lies there" in client.get(f"/axes/{axis.pk}/?from=90&to=x").text


def test_the_owner_makes_and_deletes_an_axis(client, home):
    client.force_login(home.owner)
    [one, *_rest] = home.documents.all()
    given = {"name": "Sea", "low_name": "a", "high_name": "b", "low_examples": f"bread\n#{one.pk}"}
    response = client.post(f"/c/{home.pk}/scores/axis/", given | {"high_examples": "jam\n\njam"})
    axis = Axis.objects.get()
    assert response.headers["Location"] == f"/axes/{axis.pk}/"
    assert axis.low_examples == ["bread", f"#{one.pk}"]
    assert "Sea" in client.get(f"/c/{home.pk}/scores/").text
    client.post(f"/axes/{axis.pk}/delete/")
    assert not Axis.objects.exists()


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        ("", "jam", "This field is required"),
        ("jam", "jam", "the same"),
        ("#999999", "jam", "no document #999999"),
        ("\n".join(["jam"] * 501), "boats", "more than 500 examples"),
    ],
)
def test_poles_that_are_none_are_told(client, home, low, high, told):
    client.force_login(home.owner)
    given = {"name": "x", "low_name": "a", "high_name": "b"}
    given |= {"low_examples": low, "high_examples": high}
    page = client.post(f"/c/{home.pk}/scores/axis/", given)
    assert page.status_code == 422
    assert told in page.text
    assert not Axis.objects.exists()


def test_an_example_that_was_deleted_is_told(client, home):
    [one, *_rest] = home.documents.all()
    axis = sea_and_food(home, high_examples=[f"#{one.pk}"])
    one.delete()
    assert "There is no document" in client.get(f"/axes/{axis.pk}/").text


def test_others_see_but_do_not_change(client, home):
    axis = sea_and_food(home)
    labels = label_sets.make_label_set(home, name="f", source="folder")
    client.force_login(UserFactory())
    assert client.get(f"/c/{home.pk}/scores/axis/").status_code == 404
    assert client.post(f"/axes/{axis.pk}/delete/").status_code == 404
    assert client.post(f"/labels/{labels.pk}/", {"margin": "0"}).status_code == 404
    assert client.post(f"/api/label-sets/{labels.pk}/assign/").status_code == 404
    assert client.get(f"/labels/{labels.pk}/").status_code == 200


def test_label_set_by_folder_tells_how_good_it_is_and_labels_the_rest(client, home):
    client.force_login(home.owner)
    given = {"name": "folders", "source": "folder", "margin": "0.05", "on_arrival": "on"}
    response = client.post(f"/c/{home.pk}/scores/labels/", given)
    labels = LabelSet.objects.get()
    assert response.headers["Location"] == f"/labels/{labels.pk}/"
    page = client.get(f"/labels/{labels.pk}/").text
    assert "<dd>100 %</dd>" in page
    assert "2 / 2" in page
    client.post(f"/labels/{labels.pk}/", {"margin": "0.05", "on_arrival": "on"})
    given = AssignedLabel.objects.get()
    assert (given.document.external_id, given.label) == ("e", "sea")
    assert "?label=sea" in client.get(f"/labels/{labels.pk}/").text
    client.post(f"/labels/{labels.pk}/", {"margin": "1.9"})
    assert not AssignedLabel.objects.exclude(label="").exists()  # nothing below the margin
    assert "?label=" not in client.get(f"/labels/{labels.pk}/").text


def test_documents_are_labelled_when_they_arrive(home):
    labels = label_sets.make_label_set(home, name="f", source="folder")
    quiet = label_sets.make_label_set(home, name="g", source="folder", on_arrival=False)
    embedded(home, {"new": "bread, butter, jam"})
    tasks.refresh_related(home.pk)
    found = {row.document.external_id: row.label for row in labels.assigned.all()}
    assert found == {"e": "sea", "new": "food"}
    assert not quiet.assigned.exists()


def test_an_arrival_touches_no_label_but_its_own(home):
    labels = label_sets.make_label_set(home, name="f", source="folder", margin=0.05)
    assert label_sets.assign(labels) == 1
    old = labels.assigned.get()
    [new, vague] = embedded(home, {"new": "bread, butter, jam", "vague": "zebra"})
    tasks.refresh_related(home.pk)
    found = {row.document_id: row for row in labels.assigned.all()}
    assert (found[old.document_id].pk, found[new.pk].label) == (old.pk, "food")
    assert (found[vague.pk].label, len(found)) == ("", 3)
    tasks.refresh_related(home.pk)  # what was looked at is not looked at again
    assert set(labels.assigned.values_list("pk", flat=True)) == {row.pk for row in found.values()}
    services.edit_document(new, body="boats lie in the harbour")
    ingest.run()
    tasks.refresh_related(home.pk)
    assert labels.assigned.get(document=new).label == "sea"
    embedded(home, {"sea/x": "boats"})  # an example: it gets none
    tasks.refresh_related(home.pk)
    assert labels.assigned.count() == 3


def test_labels_by_a_field_and_by_written_examples(home):
    home.documents.filter(external_id__startswith="sea").update(metadata={"kind": "water"})
    home.documents.filter(external_id__startswith="food").update(metadata={"kind": "meal"})
    by_field = label_sets.make_label_set(home, name="k", source="field", field="kind")
    assert label_sets.examples_of(by_field).names == ["meal", "water"]
    [one, *_rest] = home.documents.all()
    written = label_lines.labelled(f"sea: #{one.pk}\nsea: a boat\nfood: bread: and jam")
    by_hand = label_sets.make_label_set(home, name="w", examples=written)
    assert label_sets.assign(by_hand) == 4  # all but the example
    with pytest.raises(Rejected, match="label: example"):
        label_lines.labelled("no colon")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"source": "field"}, "Say which field"),
        ({"source": "field", "field": "nothing"}, "here are 0"),
        ({"source": "examples", "examples": "a: b"}, "here are 1"),
        ({"source": "examples", "examples": "what"}, "label: example"),
        ({"source": "folder", "margin": "9"}, "less than or equal to 2"),
    ],
)
def test_label_sets_that_make_no_sense_are_told(client, home, given, told):
    client.force_login(home.owner)
    page = client.post(f"/c/{home.pk}/scores/labels/", {"name": "x", "margin": "0", **given})
    assert page.status_code == 422
    assert told in page.text
    assert not LabelSet.objects.exists()


def test_empty_collections_have_pages(client):
    home = CollectionFactory(public=True)
    axis = sea_and_food(home)
    assert "No document is ready yet" in client.get(f"/axes/{axis.pk}/").text
    labels = LabelSet.objects.create(collection=home, name="x", source="folder")
    assert "here are 0" in client.get(f"/labels/{labels.pk}/").text
    assert "No axes yet" in client.get(f"/c/{CollectionFactory(public=True).pk}/scores/").text


def test_api(client, home):
    client.force_login(home.owner)

    def post(address, **body):
        return client.post(address, body, content_type="application/json")

    poles = {"low_name": "food", "low_examples": ["bread and jam"], "high_name": "sea"}
    address = f"/api/collections/{home.pk}/axes/"
    made = post(address, name="Sea", **poles, high_examples=["boats"])
    assert made.status_code == 201
    assert post(address, name="Sea", **poles, high_examples=[]).status_code == 400
    place = f"/api/axes/{made.json()['id']}/"
    found = post(f"{place}score/", text="Boats. Bread and jam.").json()
    assert [round(one["score"]) for one in found] == [1, -1]
    rows = client.get(f"{place}documents/?order=high&limit=2").json()
    assert rows[0]["score"] >= rows[1]["score"] > 0
    assert client.get(f"{place}documents/?least=9").json() == []
    assert client.get(f"{place}documents/?limit=0").status_code == 400
    assert client.get(f"{place}documents/?most=nan").status_code == 400
    assert len(client.get(address).json()["results"]) == 1
    address = f"/api/collections/{home.pk}/label-sets/"
    assert post(address, name="f", source="field").status_code == 400
    made = post(address, name="f", source="folder", margin=0.01)
    assert made.status_code == 201
    place = f"/api/label-sets/{made.json()['id']}/"
    measured = client.get(f"{place}measured/").json()
    assert (measured["labels"], measured["accuracy"]) == (["food", "sea"], 1.0)
    assert post(f"{place}assign/").json() == {"assigned": 1}
    [given] = client.get(f"{place}assigned/").json()["results"]
    assert (given["document"]["external_id"], given["label"]) == ("e", "sea")
    changed = client.patch(place, {"margin": 0.5}, content_type="application/json")
    assert changed.json()["margin"] == 0.5
    bad = client.patch(place, {"source": "examples"}, content_type="application/json")
    assert bad.status_code == 400
    assert client.delete(place).status_code == 204


def test_vectors_are_there_although_those_kept_are_let_go(monkeypatch):
    model = CollectionFactory().embedding_model
    before = example_vectors.text_vectors(model, ["boats", "bread"])
    monkeypatch.setattr(example_vectors, "KEPT", 0)
    after = example_vectors.text_vectors(model, ["bread", "jam", "bread"])
    assert np.array_equal(after[[0, 2]], before[[1, 1]])
