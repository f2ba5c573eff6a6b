"""Collections and documents over the API: in, out, in pages, and everything bad."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from collections_app import ingest
from collections_app.models import Collection, Document, EmbeddingModel
from tests.factories import CollectionFactory, DocumentFactory, EmbeddingModelFactory, embedded

pytestmark = pytest.mark.django_db

PROBLEM = "application/problem+json"


@pytest.fixture
def collection(media):
    return CollectionFactory()


@pytest.fixture
def api(collection):
    client = APIClient()
    client.force_login(collection.owner)
    return client


def documents(collection):
    return f"/api/collections/{collection.pk}/documents/"


def post(api, collection, data):
    return api.post(documents(collection), data, format="json")


def problem(response):
    """The problem details, whose frame is checked here for all tests."""
    assert response["Content-Type"] == PROBLEM
    body = response.json()
    assert (body["type"], body["status"]) == ("about:blank", response.status_code)
    assert body["title"]
    assert body["detail"]
    assert body["instance"].startswith("/api/")
    return body


def walk(api, url):
    """The rows of each page."""
    pages = []
    while url:
        answer = api.get(url).json()
        pages.append(answer["results"])
        url = answer["next"]
    return pages


def test_collection_is_made_read_edited_and_deleted(api, collection):
    model = EmbeddingModelFactory(name="other")
    values = {"name": "Notes", "language": "german", "embedding_model": "other"}
    made = api.post("/api/collections/", values, format="json")
    assert made.status_code == 201
    answer = made.json()
    row = Collection.objects.get(pk=answer["id"])
    assert (row.owner, row.embedding_model, row.visibility) == (collection.owner, model, "private")
    assert {key: answer[key] for key in values} == values
    place = f"/api/collections/{row.pk}/"
    assert api.get(place).json() == answer
    assert (
        api.patch(place, {"visibility": "public"}, format="json").json()["visibility"] == "public"
    )
    assert api.delete(place).status_code == 204
    assert api.get(place).status_code == 404
    assert api.put(place, values, format="json").status_code == 405


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"visibility": "secret"}, "visibility"),
        ({"language": "klingon"}, "language"),
        ({"embedding_model": "none"}, "embedding_model"),
    ],
)
def test_bad_collection_is_refused_by_field(api, changes, field):
    response = api.post("/api/collections/", {"name": "Notes"} | changes, format="json")
    assert response.status_code == 400
    assert set(problem(response)["errors"]) == {field}


def test_names_are_unique_and_some_choices_final(api, collection):
    other = CollectionFactory(owner=collection.owner)
    EmbeddingModelFactory(name="other")
    place = f"/api/collections/{collection.pk}/"
    for bad in ({"name": other.name}, {"language": "german"}, {"embedding_model": "other"}):
        response = api.patch(place, bad, format="json")
        assert (response.status_code, set(problem(response)["errors"])) == (400, set(bad))
    same = {"name": collection.name, "language": "english", "embedding_model": "fake"}
    assert api.patch(place, same, format="json").status_code == 200


def test_one_document_goes_in_and_is_shown(api, collection):
    item = {"id": "a", "text": "# A\n\nWords.", "media_type": "text/markdown"}
    item |= {"metadata": {"year": 1999}}
    response = post(api, collection, item)
    assert response.status_code == 201
    [pk] = response.json()["added"]
    ingest.run()
    answer = api.get(f"/api/documents/{pk}/").json()
    shown = {key: answer[key] for key in ("external_id", "title", "state", "text", "metadata")}
    assert shown == {
        "external_id": "a",
        "title": "A",
        "state": "ready",
        "text": "# A\n\nWords.",
        "metadata": {"year": 1999},
    }
    assert answer["file_url"] is None
    [passage] = api.get(f"/api/documents/{pk}/passages/").json()["results"]
    assert answer["text"][passage["start"] : passage["end"]] == passage["text"]
    assert post(api, collection, item).status_code == 200


def test_bad_items_lose_none_of_the_others(api, collection):
    items = [
        {"id": "a", "text": "One."},
        {"id": "b"},
        {"text": "No id."},
        "no object",
        {"id": "c", "text": " "},
        {"id": "a", "text": "Again."},
        {"id": "d", "text": "x\x00"},
        {"id": "e", "text": "Two.", "media_type": "image/png"},
        {"id": "f", "text": "Three."},
    ]
    response = post(api, collection, items)
    assert response.status_code == 207
    assert {one["external_id"]: one["message"] for one in response.json()["problems"]} == {
        "b": "text: This field is required.",
        "#3": "id: This field is required.",
        "#4": "non_field_errors: Invalid data. Expected a dictionary, but got str.",
        "c": "The text is empty. Give it some words.",
        "a": "Another item in this batch has the same id; this one was left out.",
        "d": "text: Null characters are not allowed.",
        "e": 'media_type: "image/png" is not a valid choice.',
    }
    assert set(collection.documents.values_list("external_id", flat=True)) == {"a", "f"}


def test_nothing_but_bad_items_is_a_400(api, collection):
    response = post(api, collection, {"id": "a", "text": ""})
    assert response.status_code == 400
    assert problem(response)["errors"] == {"a": ["The text is empty. Give it some words."]}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("[]", 400, "The list is empty."),
        ("{", 400, "JSON parse error"),
        ("[" * 100_000, 400, "nested too deep"),
        ('{"id": "a", "text": "x", "metadata": {"n": NaN}}', 400, "JSON parse error"),
        ('"text"', 400, "not valid"),
        ("\xff", 400, "JSON parse error"),
    ],
)
def test_bad_json_is_a_problem(api, collection, body, status, words):
    raw = body.encode("latin-1")
    response = api.generic("POST", documents(collection), raw, content_type="application/json")
    assert response.status_code == status
    assert words in problem(response)["detail"]


def test_too_many_items_and_too_many_bytes(api, collection, settings):
    response = post(api, collection, [{"id": str(n), "text": "x"} for n in range(10_001)])
    assert response.status_code == 400
    assert "10001 documents" in problem(response)["detail"]
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = post(api, collection, {"id": "a", "text": "x" * 100})
    assert response.status_code == 413
    assert problem(response)["detail"].endswith("Send fewer documents at a time.")
    assert not collection.documents.exists()


def test_files_go_in_as_multipart(api, collection, settings):
    settings.MAX_UPLOAD_BYTES = 100
    files = [SimpleUploadedFile("a.md", b"# A\n\nWords."), SimpleUploadedFile("b.txt", b"")]
    files += [SimpleUploadedFile("c.txt", b"x" * 101)]
    response = api.post(documents(collection), {"files": files}, format="multipart")
    assert response.status_code == 207
    assert {one["external_id"] for one in response.json()["problems"]} == {"b.txt", "c.txt"}
    document = collection.documents.get()
    assert (document.external_id, document.media_type) == ("a.md", "text/markdown")
    answer = api.get(f"/api/documents/{document.pk}/").json()
    assert b"".join(api.get(answer["file_url"]).streaming_content) == b"# A\n\nWords."


def test_multipart_without_files_or_with_too_many(api, collection, settings):
    response = api.post(documents(collection), {"x": "y"}, format="multipart")
    assert problem(response)["errors"] == {"files": ["No file was sent. Send at least one."]}
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 1
    files = [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(2)]
    response = api.post(documents(collection), {"files": files}, format="multipart")
    assert (response.status_code, problem(response)["status"]) == (413, 413)


def test_other_media_types_are_refused(api, collection):
    response = api.post(documents(collection), "x", content_type="text/plain")
    assert response.status_code == 415
    problem(response)


def test_documents_come_in_pages_each_once(api, collection):
    made = [DocumentFactory(collection=collection).pk for _ in range(5)]
    pages = walk(api, documents(collection) + "?page_size=2")
    assert [[row["id"] for row in page] for page in pages] == [
        [made[4], made[3]],
        [made[2], made[1]],
        [made[0]],
    ]
    assert "text" not in pages[0][0]


@pytest.mark.parametrize(("size", "expected"), [("0", 50), ("-1", 50), ("x", 50), ("999", 200)])
def test_page_size_is_bounded(api, collection, size, expected):
    rows = [
        Document(collection=collection, external_id=str(n), content_hash="") for n in range(201)
    ]
    Document.objects.bulk_create(rows)
    answer = api.get(documents(collection), {"page_size": size}).json()
    assert len(answer["results"]) == expected


@pytest.mark.parametrize("cursor", ["x", "%00", "cD1ub3BlCg==", "cj0xJnA9MjAyMC0wMS0wMQ==", "bz05"])
def test_cursor_that_was_tampered_with_is_never_a_500(api, collection, cursor):
    DocumentFactory(collection=collection)
    response = api.get(f"{documents(collection)}?cursor={cursor}")
    assert response.status_code in (200, 404)
    if response.status_code == 404:
        problem(response)


def test_documents_are_filtered(api, collection):
    for name, state in {"a_1": "ready", "a%1": "queued", "ab1": "ready"}.items():
        DocumentFactory(collection=collection, external_id=name, state=state)

    def found(**query):
        return {
            row["external_id"] for row in api.get(documents(collection), query).json()["results"]
        }

    assert found(id_prefix="a_") == {"a_1"}
    assert found(id_prefix="a%") == {"a%1"}
    assert found(external_id="ab1") == {"ab1"}
    assert found(state="ready") == {"a_1", "ab1"}
    Document.objects.filter(external_id="ab1").update(metadata={"kind": "note", "n": 2})
    assert found(metadata='{"kind": "note"}') == {"ab1"}
    assert found(metadata='{"kind": "note", "n": 3}') == set()
    for bad in ({"state": "x"}, {"id_prefix": "\x00"}, {"metadata": "[1]"}, {"metadata": "{"}):
        response = api.get(documents(collection), bad)
        assert set(problem(response)["errors"]) == set(bad)


def test_document_is_edited_unless_it_changed_meanwhile(api, collection):
    [document] = embedded(collection, {"a": "Words."})
    place = f"/api/documents/{document.pk}/"
    answer = api.patch(place, {"text": "Other.", "revision": 1}, format="json").json()
    assert (answer["state"], answer["revision"]) == ("queued", 2)
    response = api.patch(place, {"text": "Mine.", "revision": 1}, format="json")
    assert (response.status_code, problem(response)["status"]) == (409, 409)
    document.refresh_from_db()
    assert document.source_text == "Other."
    response = api.patch(place, {"text": ""}, format="json")
    assert problem(response)["detail"] == "The text is empty. Give it some words."


def test_retry_and_reembed_say_how_many(api, collection):
    [document] = embedded(collection, {"a": "Words."})
    aside = DocumentFactory(collection=collection, state="set_aside")
    base = f"/api/collections/{collection.pk}"
    assert api.post(f"{base}/retry/").json() == {"queued": 1}
    assert api.post(f"{base}/reembed/").json() == {"queued": 2}
    assert api.post(f"/api/documents/{document.pk}/reembed/").json() == {"queued": 1}
    Document.objects.update(state="set_aside")
    assert api.post(f"/api/documents/{aside.pk}/retry/").json() == {"queued": 1}


def test_progress_tells_counts_and_failures(api, collection):
    embedded(collection, {"a": "Words."})
    failed = DocumentFactory(collection=collection, state="set_aside", error="It failed.")
    answer = api.get(f"/api/collections/{collection.pk}/progress/").json()
    counts = {key: answer[key] for key in ("total", "ready", "queued", "working", "set_aside")}
    assert counts == {"total": 2, "ready": 1, "queued": 0, "working": 0, "set_aside": 1}
    assert [(one["id"], one["error"]) for one in answer["failures"]] == [(failed.pk, "It failed.")]


def test_models_are_listed_without_their_folders(api, collection):
    [model] = api.get("/api/models/").json()["results"]
    assert (model["name"], model["dimension"]) == ("fake", 256)
    assert (model["precision"], model["engine"]) == ("auto", "fake")
    assert "ref" not in model


def test_texts_are_embedded_with_prefixes_and_told_when_cut(api):
    EmbeddingModelFactory(name="prefixed", token_limit=4, query_prefix="q ")

    def embed(**data):
        response = api.post("/api/embed/", data | {"model": "prefixed"}, format="json")
        return response.json()

    answer = embed(texts=["one two", "one two three four five six"])
    assert (answer["model"], answer["dimension"]) == ("prefixed", 256)
    assert answer["truncated"] == [False, True]
    assert [len(vector) for vector in answer["vectors"]] == [256, 256]
    [asked], [given] = (
        embed(text="one", kind="query")["vectors"],
        embed(text="q one", kind="passage")["vectors"],
    )
    assert asked == given


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": "a", "texts": ["b"]},
        {"texts": []},
        {"texts": ["x"] * 101},
        {"text": "x" * 20_001},
        {"text": "a\x00"},
        {"text": "a", "model": "none"},
        {"text": "a", "model": "unprobed"},
        {"text": "a", "kind": "other"},
    ],
)
def test_bad_texts_are_refused(api, data):
    EmbeddingModelFactory(name="unprobed", state=EmbeddingModel.State.WAITING)
    response = api.post("/api/embed/", data, format="json")
    assert response.status_code == 400
    assert problem(response)["errors"]


LISTS = ["/api/collections/", "/api/collections/{c}/documents/", "/api/documents/{d}/passages/"]
LISTS += ["/api/models/", "/api/tokens/", "/api/collections/{c}/progress/"]


@pytest.mark.parametrize("url", LISTS)
def test_lists_take_the_same_queries_for_one_and_for_three(
    api, collection, url, django_assert_max_num_queries
):
    [document] = embedded(collection, {"a": "Words."})
    counts = []
    for number in range(3):
        place = url.format(c=collection.pk, d=document.pk)
        with django_assert_max_num_queries(8) as context:
            assert api.get(place).status_code == 200
        counts.append(len(context))
        model = EmbeddingModelFactory(name=f"model {number}")
        CollectionFactory(owner=collection.owner, embedding_model=model)
        embedded(collection, {f"b{number}": "More words."})
    assert counts[0] == counts[2]


def test_answers_are_json_bytes_that_browsers_do_not_sniff(api, collection):
    response = api.get(documents(collection))
    assert json.loads(response.content)["results"] == []
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("place", "data"),
    [
        ("/api/collections/{c}/documents/", '{"id": "a\\ud800", "text": "x"}'),
        ("/api/collections/", '{"name": "x", "visibility": "\\ud800"}'),
    ],
)
def test_broken_characters_of_a_request_come_back_escaped(api, collection, place, data):
    response = api.post(place.format(c=collection.pk), data, content_type="application/json")
    assert response.status_code == 400
    assert b"\\ud800" in response.content
    assert problem(response)["errors"]


def test_metadata_as_deep_as_may_be_is_shown(api, client, collection):
    deep = json.loads('{"a":' * 50 + "1" + "}" * 50)
    item = {"id": "a", "text": "Words.", "metadata": deep}
    assert api.post(documents(collection), item, format="json").status_code == 201
    client.force_login(collection.owner)
    assert client.get(collection.documents.get().get_absolute_url()).status_code == 200
