"""From a registered model to its vectors."""

import numpy as np
import pytest

from collections_app import encoders, vectors
from tests.factories import EmbeddingModelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def model():
    return EmbeddingModelFactory(query_prefix="query: ", passage_prefix="passage: ")


def test_spec_is_what_decides_the_vectors(model):
    assert vectors.spec(model) == encoders.ModelSpec("fake", "fake", 256, 64, True)


def test_each_kind_gets_its_prefix(model):
    alone = vectors.encoder(model).encode(["query: a boat", "passage: a boat"])
    assert (vectors.embed(model, ["a boat"], "query") == alone[:1]).all()
    assert (vectors.embed(model, ["a boat"], "passage") == alone[1:]).all()
    assert not np.array_equal(alone[0], alone[1])


def test_no_texts_give_no_rows(model):
    assert vectors.embed(model, [], "passage").shape == (0, 256)


def test_a_query_is_encoded_once_and_cannot_be_written_to(model, monkeypatch):
    first = vectors.embed_query(model, "boats at night")
    monkeypatch.setattr(encoders, "load", None)
    again = vectors.embed_query(model, "boats at night")
    assert again is first
    with pytest.raises(ValueError, match="read-only"):
        again[0] = 1.0


def test_a_query_under_another_model_is_encoded_anew(model):
    other = EmbeddingModelFactory(name="other", dimension=32)
    assert vectors.embed_query(model, "a boat").shape == (256,)
    assert vectors.embed_query(other, "a boat").shape == (32,)


def test_tokenizer_counts_as_the_encoder_does(model):
    assert vectors.tokenizer(model).count("a boat") == 4
    assert vectors.encoder(model).tokenizer.count("a boat") == 4


def test_prepare_says_when_the_model_cannot_be_had(model):
    vectors.prepare(model)
    model.backend, model.ref = "sentence-transformers", "/no/such/folder"
    with pytest.raises(encoders.ModelMissing, match="no folder /no/such/folder"):
        vectors.prepare(model)
