"""Vectors on pages and in the API: shown, copied, compared; what goes wrong is said."""

import numpy as np
import pytest

from collections_app import vectors
from search_app import looking
from search_app.analysis import encodings
from search_app.queries import documents
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db
TEXTS = {
    "a": "boats lie in the harbour",
    "b": "boats leave the harbour",
    "c": "bread with butter and jam",
}


@pytest.fixture
def collection():
    return CollectionFactory(public=True)


@pytest.fixture
def rows(collection):
    return embedded(collection, TEXTS)


@pytest.mark.parametrize("form", [encodings.as_json, encodings.as_hex, encodings.as_base64])
def test_every_form_reads_back_as_the_same_numbers(form):
    vector = np.array([0.1, -2.5, 3e-9, 0.0], np.float32)
    assert encodings.decoded(form(vector)).tolist() == vector.tolist()


@pytest.mark.parametrize("bad", ["", "[]", "[1, null]", "xyz", "[NaN]", "abc", "[[1]]"])
def test_what_is_no_vector_is_refused(bad):
    with pytest.raises((ValueError, TypeError)):
        encodings.decoded(bad)


def test_hex_is_little_endian_float32():
    assert encodings.as_hex(np.array([1.0, -2.0])) == "0000803f000000c0"


def test_norms_and_picture():
    norms = encodings.norms(np.array([3.0, -4.0]))
    assert (norms.l1, norms.l2, norms.largest) == (7, 5, 4)
    picture = encodings.picture(np.array([2.0, -4.0, 0.0]))
    assert picture.positive == "M0.5 50v-25.00"
    assert picture.negative == "M1.5 50v50.00"
    assert (picture.width, picture.largest) == (3, 4)


def test_page_shows_the_documents_vector_and_its_neighbours(client, rows):
    page = client.get(f"/d/{rows[0].pk}/vector/")
    assert page.status_code == 200
    vector = documents.vector_of(rows[0])
    assert encodings.as_json(vector) in page.text
    assert encodings.as_hex(vector) in page.text
    assert encodings.as_base64(vector) in page.text
    first, second = f"/d/{rows[1].pk}/?p=0#p0", f"/d/{rows[2].pk}/?p=0#p0"
    assert page.text.index(first) < page.text.index(second)


def test_page_of_a_passage(client, rows):
    page = client.get(f"/d/{rows[0].pk}/vector/?p=0")
    assert "Vector of passage 1" in page.text
    assert f"/d/{rows[1].pk}/?p=0#p0" in page.text
    assert client.get(f"/d/{rows[0].pk}/vector/?p=7").status_code == 404


def test_document_without_a_vector_says_so(client, rows):
    rows[0].passages.all().delete()
    assert "has not been embedded yet" in client.get(f"/d/{rows[0].pk}/vector/").text
    assert client.get(f"/api/documents/{rows[0].pk}/vector/").status_code == 400


def test_api_gives_vector_forms_and_neighbours(client, rows):
    found = client.get(f"/api/documents/{rows[0].pk}/vector/").json()
    vector = documents.vector_of(rows[0])
    assert np.allclose(found["vector"], vector)
    assert encodings.decoded(found["hex"]).tolist() == vector.tolist()
    assert encodings.decoded(found["base64"]).tolist() == vector.tolist()
    assert found["l2"] == pytest.approx(1)
    assert [one["document"]["external_id"] for one in found["neighbours"]] == ["b", "c"]
    of_passage = client.get(f"/api/documents/{rows[0].pk}/vector/?passage=0").json()
    assert np.allclose(of_passage["vector"], found["vector"], atol=1e-6)
    assert [one["document"]["external_id"] for one in of_passage["neighbours"]] == ["b", "c"]
    assert client.get(f"/api/documents/{rows[0].pk}/vector/?passage=x").status_code == 400
    assert client.get(f"/api/documents/{rows[0].pk}/vector/?passage=9").status_code == 404


def test_any_text_is_embedded(client):
    model = EmbeddingModelFactory()
    client.force_login(UserFactory())
    assert client.get("/embed/").status_code == 200
    page = client.post("/embed/", {"text": "a boat", "model": model.pk, "kind": "passage"})
    assert encodings.as_hex(vectors.embed(model, ["a boat"], "passage")[0]) in page.text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"text": "  "}, "This field is required"),
        ({"text": "x" * 20_001}, "at most 20000 characters"),
        ({"text": "boat", "model": "999999"}, "not one of the available choices"),
        ({"text": "boat", "kind": "odd"}, "odd is not one of the available choices"),
    ],
)
def test_what_cannot_be_embedded_is_told(client, given, told):
    client.force_login(UserFactory())
    page = client.post("/embed/", {"model": EmbeddingModelFactory().pk, **given})
    assert page.status_code == 422
    assert told in page.text


@pytest.mark.parametrize("place", ["/embed/", "/compare/"])
def test_visitors_log_in_first(client, place):
    assert client.get(place).headers["Location"] == f"/account/login/?next={place}"


def test_two_texts_a_text_and_a_document_two_documents(client, rows):
    client.force_login(UserFactory())
    model = rows[0].collection.embedding_model
    a, b = vectors.embed(model, [TEXTS["a"], TEXTS["b"]], "passage")
    cosine = encodings.cosine(a, b)
    sides = [
        (TEXTS["a"], TEXTS["b"]),
        (TEXTS["a"], f"#{rows[1].pk}"),
        (f"/d/{rows[0].pk}/", f"http://testserver/d/{rows[1].pk}/?p=0#p0"),
    ]
    for one, other in sides:
        page = client.post("/compare/", {"a": one, "b": other, "model": model.pk})
        assert f">{cosine:.4f}</output>" in page.text


def test_api_compares(client, rows):
    client.force_login(UserFactory())
    body = {"a": {"text": TEXTS["a"]}, "b": {"document": rows[0].pk}}
    found = client.post("/api/compare/", body, content_type="application/json").json()
    assert found["cosine"] == pytest.approx(1, abs=1e-5)
    assert found["distance"] == pytest.approx(0, abs=1e-3)
    assert found["model"] == "fake"


@pytest.mark.parametrize("side", [{}, {"text": "x", "document": 1}, {"document": 10**9}, "x"])
def test_api_refuses_sides_that_are_none(client, side):
    client.force_login(UserFactory())
    body = {"a": {"text": "x"}, "b": side}
    answer = client.post("/api/compare/", body, content_type="application/json")
    assert answer.status_code == 400
    assert "b" in answer.json()["errors"]


def test_documents_under_different_models_cannot_be_compared(client, rows):
    other = EmbeddingModelFactory(name="fake2")
    [foreign] = embedded(CollectionFactory(public=True, embedding_model=other), {"x": "a boat"})
    client.force_login(UserFactory())
    page = client.post(
        "/compare/", {"a": f"#{rows[0].pk}", "b": f"#{foreign.pk}", "model": other.pk}
    )
    assert page.status_code == 422
    assert "under different models" in page.text


def test_a_document_one_may_not_see_is_none(client):
    [hidden] = embedded(CollectionFactory(), {"x": "a secret boat"})
    client.force_login(UserFactory())
    page = client.post("/compare/", {"a": f"#{hidden.pk}", "b": "x", "model": ""})
    assert page.status_code == 422
    assert "There is no such document" in page.text
    body = {"a": {"document": hidden.pk}, "b": {"text": "x"}}
    assert client.post("/api/compare/", body, content_type="application/json").status_code == 400
    assert client.get(f"/d/{hidden.pk}/vector/").status_code == 404


def test_opposite_and_empty_vectors():
    assert looking.encodings.cosine(np.array([1.0, 0]), np.array([-2.0, 0])) == -1
    assert looking.encodings.cosine(np.array([0.0, 0]), np.array([1.0, 0])) == 0
