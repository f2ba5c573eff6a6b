"""Labels told by descriptions: written in many ways, given to every document, seen everywhere."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from collections_app.services import Rejected
from search_app import label_lines, label_sets, map_values, maps, tasks
from search_app.analysis import packing
from search_app.models import LabelSet
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

LINES = "Sea: boats, sails, harbour\nFood: bread, jam, butter"
WANTED = {"Sea": ["boats, sails, harbour"], "Food": ["bread, jam, butter"]}


@pytest.fixture
def home():
    made = CollectionFactory(public=True)
    texts = {
        "a": "boats in the harbour",
        "b": "sails and boats",
        "c": "bread and jam",
        "d": "zebra",
    }
    embedded(made, texts)
    tasks.refresh_related(made.pk)
    return made


def taxonomy(home, **values):
    given = {"name": "Kinds", "examples": WANTED, "margin": 0.1} | values
    return label_sets.make_label_set(home, source="descriptions", **given)


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        f"\ufeff\n{LINES}\n\n",
        "label,description\nSea,'boats, sails, harbour'".replace("'", '"')
        + '\r\nFood,"bread, jam, butter"\r\n',
        "id;Name;Label;Description\n1;x;Sea;boats, sails, harbour\n2;y;Food;bread, jam, butter",
        "label\tdescription\nSea\tboats, sails, harbour\n\t\nFood\tbread, jam, butter",
        '{"Sea": "boats, sails, harbour", "Food": ["bread, jam, butter"]}',
        '[{"label": "Sea", "description": "boats, sails, harbour"},'
        ' {"name": "Food", "text": "bread, jam, butter"}]',
    ],
)
def test_labels_are_read_however_they_are_written(text):
    assert label_lines.labelled(text) == WANTED


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Sea", "no “label: example”"),
        (": boats", "no “label: example”"),
        ("label,colour\nSea,blue", "none “description”"),
        ("label,description\nSea,boats\nFood,", "Row 3"),
        ('label,description\nSea,"boats', "no CSV"),
        ('{"Sea": ', "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"Sea": 3}', "“label” and “description”"),
        ('["Sea"]', "“label” and “description”"),
        ('[{"label": "Sea"}]', "“label” and “description”"),
    ],
)
def test_what_is_no_list_of_labels_is_told(text, told):
    with pytest.raises(Rejected, match=told):
        label_lines.labelled(text)


def test_what_no_database_keeps_is_left_out_of_labels():
    written = r'{"S\u0000ea": "bo\ud800ats", "Food": "bread"}'
    assert label_lines.labelled(written) == {"S ea": ["bo ats"], "Food": ["bread"]}
    assert list(label_lines.named({" " + "x" * 300: ["a"]})) == ["x" * 200]
    for bad in ({"\x00": ["a"]}, {"a": [" "]}):
        with pytest.raises(Rejected, match="is empty"):
            label_lines.named(bad)


def test_every_document_has_its_nearest_label_and_those_below_the_margin_none(home):
    rows = {row.document.external_id: row for row in taxonomy(home).assigned.all()}
    assert {key: row.label for key, row in rows.items()} == {
        "a": "Sea", "b": "Sea", "c": "Food", "d": ""
    }  # fmt: skip
    assert rows["d"].nearest in WANTED
    assert rows["d"].margin < 0.1 <= rows["a"].margin


def test_new_documents_are_labelled_as_they_arrive(home):
    made = taxonomy(home)
    embedded(home, {"new": "butter on bread"})
    tasks.refresh_related(home.pk)
    assert made.assigned.get(document__external_id="new").label == "Food"


def test_the_page_takes_lines_or_a_file_and_lists_the_documents_of_each_label(client, home):
    client.force_login(home.owner)
    url = f"/c/{home.pk}/scores/taxonomy/"
    assert "Society" in client.get(f"{url}?example=dewey").text
    given = {"name": "Kinds", "margin": "0.1", "on_arrival": "on"}
    answer = client.post(url, given | {"examples": LINES})
    made = LabelSet.objects.get()
    assert answer.headers["Location"] == made.get_absolute_url()
    file = SimpleUploadedFile("kinds.json", json.dumps(WANTED).encode())
    assert client.post(url, given | {"file": file}).status_code == 302
    assert [one.examples for one in LabelSet.objects.all()] == [WANTED, WANTED]
    page = client.get(made.get_absolute_url()).text
    assert "leave-one-out" not in page
    assert "?none=1" in page
    ids = dict(home.documents.values_list("external_id", "pk"))
    sea = client.get(f"{made.get_absolute_url()}?label=Sea").text
    assert [f"/d/{ids[key]}/" in sea for key in "abcd"] == [True, True, False, False]
    assert "boats, sails, harbour" in sea
    rest = client.get(f"{made.get_absolute_url()}?none=1").text
    assert [f"/d/{ids[key]}/" in rest for key in "abcd"] == [False, False, False, True]
    assert "nearest: " in rest
    assert "No document is here" in client.get(f"{made.get_absolute_url()}?label=x").text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"examples": ""}, "here are 0"),
        ({"examples": "Sea: boats"}, "here are 1"),
        ({"examples": "Sea"}, "label: example"),
        ({"file": b"\xff\xfe\x00"}, "not in UTF-8"),
        ({"file": b"x" * 1_000_001}, "at most 1 MB"),
    ],
)
def test_the_page_tells_what_is_wrong(client, home, given, told):
    client.force_login(home.owner)
    if "file" in given:
        given = {"file": SimpleUploadedFile("labels.txt", given["file"])}
    url = f"/c/{home.pk}/scores/taxonomy/"
    page = client.post(url, {"name": "x", "margin": "0"} | given)
    assert (page.status_code, told in page.text) == (422, True)
    assert not LabelSet.objects.exists()


def test_only_who_may_edit_makes_a_taxonomy(client, home):
    client.force_login(UserFactory())
    assert client.get(f"/c/{home.pk}/scores/taxonomy/").status_code == 404
    assert client.post(f"/c/{home.pk}/scores/taxonomy/", {"name": "x"}).status_code == 404


def test_a_document_tells_its_labels(client, home):
    made = taxonomy(home)
    ids = dict(home.documents.values_list("external_id", "pk"))
    assert f"/labels/{made.pk}/?label=Sea" in client.get(f"/d/{ids['a']}/").text
    assert "labels-title" not in client.get(f"/d/{ids['d']}/").text


def test_the_map_is_coloured_by_labels(home):
    made = taxonomy(home)
    maps.request(home)
    assert maps.build(home.pk)
    assert f"labels.{made.pk}" in [one.name for one in map_values.fields(home)]
    header, arrays = packing.unpack(map_values.column(home.owner, home, f"labels.{made.pk}"))
    assert header["labels"] == ["Sea", "Food"]
    assert arrays["code"].tolist() == [0, 0, 1, 255]
    other = taxonomy(CollectionFactory())
    with pytest.raises(Rejected, match="no field"):
        map_values.column(home.owner, home, f"labels.{other.pk}")


def test_api(client, home):
    client.force_login(home.owner)
    url = f"/api/collections/{home.pk}/label-sets/"
    body = {"name": "Kinds", "source": "descriptions", "written": LINES, "margin": 0.1}
    made = client.post(url, body, content_type="application/json")
    assert (made.status_code, made.json()["examples"]) == (201, WANTED)
    place = f"/api/label-sets/{made.json()['id']}/"
    counts = client.get(f"{place}counts/").json()
    assert counts == [
        {"label": "Sea", "documents": 2},
        {"label": "Food", "documents": 1},
        {"label": "", "documents": 1},
    ]
    [given] = client.get(f"{place}assigned/?label=Food").json()["results"]
    assert (given["document"]["external_id"], given["nearest"]) == ("c", "Food")
    [without] = client.get(f"{place}assigned/?label=").json()["results"]
    assert without["document"]["external_id"] == "d"
    bad = client.post(url, body | {"written": "Sea"}, content_type="application/json")
    assert (bad.status_code, "label: example" in bad.text) == (400, True)
    for label, status in (("x" * 300, 201), ("a\x00b", 201), ("\x00", 400)):
        odd = {"name": "Odd", "source": "examples", "examples": {label: ["boats"], "b": ["bread"]}}
        made = client.post(url, odd, content_type="application/json")
        assert made.status_code == status, label
    for wrong in ("NaN", "Infinity", -1):
        bad = client.post(url, body | {"margin": wrong}, content_type="application/json")
        assert (bad.status_code, list(bad.json()["errors"])) == (400, ["margin"])


def run(*given):
    out = io.StringIO()
    call_command("labels", *given, stdout=out)
    return json.loads(out.getvalue())


def test_command_makes_a_taxonomy_anew_and_prints_the_labels(home, tmp_path):
    file = tmp_path / "kinds.txt"
    file.write_text(LINES)
    who = ("--owner", home.owner.username)
    for _ in range(2):
        made = run(home.name, "Kinds", "--from", str(file), "--margin", "0.1", *who)
    assert (made["labels"], made["without"]) == ({"Sea": 2, "Food": 1}, 1)
    assert {one["id"]: one["label"] for one in made["documents"]}["c"] == "Food"
    [listed] = run(home.name, *who)
    assert listed["name"] == "Kinds"
    assert run(home.name, "Dewey", "--dewey", *who)["margin"] == 0.02
    for given, told in (
        (("none",), "There are: Dewey, Kinds"),
        (("--from", str(file)), "Name the taxonomy"),
        (("x", "--from", str(tmp_path / "no")), "cannot be read"),
        (("x", "--from", str(file), "--margin", "3"), "from 0 to 2"),
    ):
        with pytest.raises(CommandError, match=told):
            run(home.name, *given, *who)
