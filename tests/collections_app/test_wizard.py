"""The wizard for files of rows, and files that are taken apart."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from collections_app import ingest, partial_files, services, sources
from collections_app.models import Source, Upload
from tests.factories import CollectionFactory, UserFactory

pytestmark = pytest.mark.django_db
SHOP = (
    "sku,name,description,price,since\n"
    "a1,Lamp,A lamp that lights the whole room well,12.50,2024-01-02\n"
    "b2,Chair,A chair for a long evening of reading,80,2023-05-06\n"
    "c3,,,7,2022-02-02\n"
)


@pytest.fixture
def collection(client, media):
    collection = CollectionFactory()
    client.force_login(collection.owner)
    return collection


def send(client, collection, name="shop.csv", data=SHOP):
    file = SimpleUploadedFile(name, data if isinstance(data, bytes) else data.encode())
    return client.post(reverse("rows_new", args=[collection.pk]), {"file": file})


def place(client, collection, **values):
    response = send(client, collection, **values)
    assert response.status_code == 302, response.content
    return response["Location"]


FORMAT = {"kind": "csv", "encoding": "utf-8", "delimiter": ",", "header": "on"}
PLAN = {"id_column": "0", "title_column": "1", "text_columns": ["2"], "type_3": "number"}
PLAN |= {"type_4": "date"}
TAKEN = (
    "The source “shop.csv” of this collection has a document of this id. "
    "To have both, put something before the ids here."
)


def work():
    sources.work(20, lambda: None)


def test_format_is_detected_and_the_first_rows_are_shown(client, collection):
    address = place(client, collection)
    page = client.get(address)
    table = page.context["table"]
    assert table.names == ["sku", "name", "description", "price", "since"]
    assert table.form["kind"].value() == "csv"
    assert [row[1][0] for row in table.cells] == ["a1", "b2", "c3"]
    plan = page.context["plan"]
    assert (plan["id_column"].value(), plan["title_column"].value()) == ("0", "1")
    assert plan["text_columns"].value() == ["2"]
    assert [bound.value() for bound in plan.types] == [None, None, None, "number", "date"]
    assert "A lamp that lights" in page.content.decode()


def test_no_more_than_twenty_rows_are_shown(client, collection):
    data = "id,text\n" + "".join(f"{n},Words of {n}\n" for n in range(100))
    assert len(client.get(place(client, collection, data=data)).context["table"].cells) == 20


def test_format_can_be_chosen_otherwise(client, collection):
    address = place(client, collection, data="a;b|x\nc;d|y\n")
    form = FORMAT | {"delimiter": "|", "header": ""}
    table = client.post(address, form).context["table"]
    assert table.names == ["column 1", "column 2"]
    assert table.cells[0][1] == ["a;b", "x"]
    assert Upload.objects.get().state == "received"


def test_dry_run_counts_and_writes_nothing(client, collection):
    address = place(client, collection)
    services.add_documents(
        collection,
        [
            services.Incoming("b2", body="Other words."),
        ],
    )
    tried = client.post(address, FORMAT | PLAN | {"do": "dry"}).context["tried"]
    assert (tried.added, tried.changed, tried.unchanged, tried.failed) == (1, 1, 0, 1)
    assert [(bad.number, bad.reason) for bad in tried.problems] == [
        (3, "The row has no text in the columns chosen for it.")
    ]
    assert (collection.documents.count(), Source.objects.count()) == (1, 0)


def test_import_makes_documents_and_a_second_one_changes_them(client, collection):
    address = place(client, collection)
    response = client.post(address, FORMAT | PLAN | {"do": "import"})
    source = Source.objects.get()
    assert (source.kind, source.name) == ("file", "shop.csv")
    assert response["Location"] == reverse("run", args=[source.runs.get().pk])
    assert client.get(address)["Location"] == response["Location"]
    work()
    ingest.run()
    lamp = collection.documents.get(external_id="a1")
    assert (lamp.title, lamp.text) == ("Lamp", "A lamp that lights the whole room well")
    assert lamp.metadata == {"price": 12.5, "since": "2024-01-02"}
    run = source.runs.get()
    assert (run.state, run.added, run.failed) == ("done", 2, 1)
    assert list(partial_files.folder().iterdir()) == []

    other = SHOP.replace("lights", "shines on")
    address = place(client, collection, data=other)
    tried = client.post(address, FORMAT | PLAN | {"do": "dry"}).context["tried"]
    assert (tried.added, tried.changed, tried.unchanged) == (0, 1, 1)
    client.post(address, FORMAT | PLAN | {"do": "import"})
    work()
    assert Source.objects.count() == 1
    last = source.runs.first()
    assert (last.added, last.changed, last.unchanged) == (0, 1, 1)


def test_dry_run_says_which_rows_another_source_has(client, collection):
    client.post(place(client, collection), FORMAT | PLAN | {"do": "import"})
    work()
    data = SHOP.replace("lights", "shines on") + "d4,Desk,A desk to write at,9,2024-01-01\n"
    address = place(client, collection, name="shop-new.csv", data=data)
    tried = client.post(address, FORMAT | PLAN | {"do": "dry"}).context["tried"]
    assert (tried.added, tried.changed, tried.unchanged, tried.failed) == (1, 0, 1, 2)
    assert [(bad.number, bad.reason) for bad in tried.problems] == [
        (1, TAKEN),
        (3, "The row has no text in the columns chosen for it."),
    ]
    client.post(address, FORMAT | PLAN | {"do": "import"})
    work()
    run = Source.objects.get(name="shop-new.csv").runs.get()
    assert (run.added, run.changed, run.unchanged, run.skipped, run.failed) == (1, 0, 1, 1, 1)
    assert [(one.external_id, one.reason) for one in run.problems.filter(outcome="skipped")] == [
        ("a1", TAKEN)
    ]


def test_rows_that_another_source_has_come_in_under_other_ids(client, collection):
    client.post(place(client, collection), FORMAT | PLAN | {"do": "import"})
    work()
    address = place(client, collection, name="shop-new.csv")
    chosen = FORMAT | PLAN | {"before": "new/"}
    tried = client.post(address, chosen | {"do": "dry"}).context["tried"]
    assert (tried.added, tried.unchanged, tried.failed) == (2, 0, 1)
    client.post(address, chosen | {"do": "import"})
    work()
    ids = set(collection.documents.values_list("external_id", flat=True))
    assert ids == {"a1", "b2", "new/a1", "new/b2"}


def test_dry_run_counts_what_the_import_would_remove(client, collection):
    lines = SHOP.splitlines()[:3]  # without the row that has no text: nothing goes beside one
    client.post(place(client, collection, data="\n".join(lines)), FORMAT | PLAN | {"do": "import"})
    work()
    address = place(client, collection, data="\n".join(lines[:2]))
    tried = client.post(address, FORMAT | PLAN | {"do": "dry"}).context["tried"]
    assert (tried.unchanged, tried.removed, tried.failed) == (1, 1, 0)
    unnamed = place(client, collection, data="\n".join([*lines[:2], ",Lamp,No id,1,2024-01-01"]))
    tried = client.post(unnamed, FORMAT | PLAN | {"do": "dry"}).context["tried"]
    assert (tried.unchanged, tried.removed, tried.failed) == (1, 0, 1)
    client.post(address, FORMAT | PLAN | {"do": "import"})
    work()
    run = Source.objects.get().runs.first()
    assert (run.unchanged, run.removed) == (1, 1)


def test_text_of_rows_is_read_in_the_format_chosen(client, collection):
    address = place(client, collection, data="id,text\na,# Head of it\n")
    chosen = FORMAT | {"id_column": "0", "text_columns": ["1"], "media_type": "text/markdown"}
    client.post(address, chosen | {"do": "import"})
    work()
    ingest.run()
    document = collection.documents.get()
    assert (document.title, document.media_type) == ("Head of it", "text/markdown")


def test_types_that_do_not_fit_are_told_by_row(client, collection):
    data = "id,text,price\na,Some words here,12\nb,Other words here,cheap\n"
    address = place(client, collection, data=data)
    plan = {"id_column": "0", "text_columns": ["1"], "type_2": "number", "do": "dry"}
    tried = client.post(address, FORMAT | plan).context["tried"]
    assert [(bad.number, bad.reason) for bad in tried.problems] == [
        (2, "'price' should be a number and is 'cheap'. Make its type text.")
    ]


def test_rows_with_one_id_twice_are_told(client, collection):
    address = place(client, collection, data="id,text\na,Some words\na,Other words\n")
    plan = {"id_column": "0", "text_columns": ["1"], "do": "dry"}
    tried = client.post(address, FORMAT | plan).context["tried"]
    assert (tried.added, tried.failed) == (1, 1)
    numbered = client.post(address, FORMAT | plan | {"id_column": "#"}).context["tried"]
    assert (numbered.added, numbered.failed) == (2, 0)


def test_plan_without_a_text_is_refused(client, collection):
    address = place(client, collection)
    response = client.post(address, FORMAT | {"id_column": "0", "do": "import"})
    assert "Choose at least one column for the text." in response.content.decode()
    assert Source.objects.count() == 0


@pytest.mark.parametrize("do", ["", "dry"])
def test_json_and_ndjson_are_read_with_their_types(client, collection, do):
    rows = [{"id": n, "text": f"Words of row {n}", "n": n} for n in range(3)]
    for name, data in {
        "a.json": json.dumps(rows),
        "a.ndjson": "\n".join(map(json.dumps, rows)),
    }.items():
        address = place(client, collection, name=name, data=data)
        kind = name.partition(".")[2]
        form = {"kind": kind, "encoding": "utf-8", "delimiter": ","}
        plan = {"id_column": "0", "text_columns": ["1"], "type_2": "number", "do": do}
        page = client.post(address, form | plan)
        assert page.context["table"].names == ["id", "text", "n"]
        assert (page.context["tried"].added if do else 3) == 3


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", b"", "The submitted file is empty."),
        ("a.csv", b" \n ", "There is only white space in it."),
        ("a.csv", bytes(range(256)) * 20, "NUL bytes in it."),
        ("a.json", b"[1, 2", ""),
    ],
)
def test_file_that_is_no_table_says_so(client, collection, name, data, words):
    response = send(client, collection, name=name, data=data)
    page = client.get(response["Location"]) if response.status_code == 302 else response
    assert page.status_code == 200
    assert words in page.content.decode()


def test_cells_are_shown_as_text(client, collection):
    data = "id,<b>x</b>\n1,<script>alert(1)</script> words\n"
    page = client.get(place(client, collection, data=data)).content.decode()
    assert "<script>alert" not in page
    assert "<b>x" not in page


def test_file_can_be_removed_without_import(client, collection):
    place(client, collection)
    upload = Upload.objects.get()
    response = client.post(reverse("rows_cancel", args=[upload.pk]))
    assert response["Location"] == reverse("sources", args=[collection.pk])
    assert Upload.objects.count() == 0
    assert list(partial_files.folder().iterdir()) == []


def test_wizard_is_the_owners_alone(client, collection):
    address = place(client, collection)
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
    assert client.post(address, FORMAT | PLAN | {"do": "import"}).status_code == 404
    assert client.get(reverse("rows_new", args=[collection.pk])).status_code == 404


def test_archives_and_tables_among_files_are_taken_apart(client, collection):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("notes/a.md", "# A\n\nWords.")
    files = [
        SimpleUploadedFile("notes.zip", packed.getvalue()),
        SimpleUploadedFile("shop.csv", SHOP.encode()),
        SimpleUploadedFile("plain.txt", b"Words."),
    ]
    result = services.add_files(collection, files)
    assert (len(result.added), len(result.runs), result.problems) == (1, 2, [])
    work()
    ids = set(collection.documents.values_list("external_id", flat=True))
    assert ids == {"plain.txt", "notes/a.md", "a1", "b2"}
