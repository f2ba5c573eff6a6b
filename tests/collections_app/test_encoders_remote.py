"""Models behind an OpenAI-compatible server: batches, refusals, failures, bad replies."""

import base64
import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from collections_app import encoders
from collections_app.encoders import ItemRefused, ModelAway, ModelMissing, ModelSpec, server
from collections_app.encoders.estimated import EstimatedTokenizer
from collections_app.encoders.fake import FakeEncoder
from collections_app.encoders.remote_encoder import MOST_TEXTS, RemoteEncoder
from collections_app.encoders.server import Cancelled, Server
from tests.embedding_server import (
    DIMENSION,
    EmbeddingServer,
    error,
    honest,
    in_turn,
    raw,
    refusing,
    rows,
)

KEY = "sk-very-secret"
TEXTS = ["boats in a harbour", "bread and butter", "a quiet morning"]
GOOD = [0.0] * (DIMENSION - 1) + [3.0]


@pytest.fixture
def peer():
    with EmbeddingServer() as found:
        yield found


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """No test waits for a server to come back; how long each wait was to be."""
    asked: list[float] = []

    class Impatient(threading.Event):
        def wait(self, timeout=None):
            asked.append(timeout)
            return super().wait(0)

    monkeypatch.setattr(server, "Event", Impatient)
    return asked


def spec(peer: EmbeddingServer, **fields) -> ModelSpec:
    values = {"dimension": DIMENSION, "token_limit": 64, "base_url": peer.url, "api_key": KEY}
    return ModelSpec("openai-compatible", "tiny", **(values | {"seconds": 60.0} | fields))


def encoder(peer: EmbeddingServer, **fields) -> RemoteEncoder:
    return RemoteEncoder(spec(peer, **fields), EstimatedTokenizer())


def test_vectors_are_those_of_the_server_at_unit_length(peer):
    made = encoder(peer).encode(TEXTS)
    assert made.dtype == np.float32
    assert np.allclose(made, FakeEncoder(DIMENSION, 1000).encode(TEXTS), atol=1e-6)
    assert peer.requests == [{"model": "tiny", "input": TEXTS, "encoding_format": "float"}]
    assert (peer.paths, peer.headers[0]["authorization"]) == (["/v1/embeddings"], f"Bearer {KEY}")
    assert np.allclose(np.linalg.norm(encoder(peer, normalised=False).encode(TEXTS), axis=1), 2)


def test_no_text_asks_nothing(peer):
    assert encoder(peer).encode([]).shape == (0, DIMENSION)
    assert peer.requests == []


def test_batches_are_bounded_by_count_and_by_tokens(peer):
    many = [f"text {n}" for n in range(MOST_TEXTS + 1)]
    long = "x" * 20_000
    one = encoder(peer, token_limit=30_000)
    assert one.encode(many).shape == (MOST_TEXTS + 1, DIMENSION)
    one.encode([long, long, "short"])
    assert peer.texts == [many[:MOST_TEXTS], many[MOST_TEXTS:], [long], [long, "short"]]


def test_indexes_and_base64_are_read(peer):
    first = np.array([1.0] + [0.0] * (DIMENSION - 1), "<f4")
    swapped = [
        {"index": 1, "embedding": GOOD},
        {"index": 0, "embedding": base64.b64encode(first.tobytes()).decode()},
    ]
    peer.reply = raw(json.dumps({"data": swapped}))
    made = encoder(peer).encode(TEXTS[:2])
    assert [int(row.argmax()) for row in made] == [0, DIMENSION - 1]


def test_a_batch_that_is_too_large_is_halved(peer):
    peer.reply = refusing(lambda texts: len(texts) > 1, error(413, "too large"))
    made = encoder(peer).encode(TEXTS)
    assert np.allclose(made, FakeEncoder(DIMENSION, 1000).encode(TEXTS), atol=1e-6)
    assert [len(texts) for texts in peer.texts] == [3, 1, 2, 1, 1]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_the_text_that_is_refused_is_named(peer, status):
    peer.reply = refusing(lambda texts: TEXTS[1] in texts, error(status, "bad input"))
    with pytest.raises(ItemRefused, match=r"“bread and butter” of 16 characters: \d+: bad input"):
        encoder(peer).encode(TEXTS)


def test_a_text_over_the_limit_is_sent_whole_and_cut_only_where_it_is_refused(peer):
    long = "harbour " * 20  # 160 of 64 tokens by our count, 20 by that of the server
    encoder(peer).encode([long])
    assert peer.texts == [[long]]
    peer.reply = refusing(lambda texts: len(texts[0]) > 64, error(400, "too long"))
    made = encoder(peer).encode([long])
    assert peer.texts[-1] == [long[:56]]
    assert made.shape == (1, DIMENSION)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(peer, waits, status):
    peer.reply = in_turn(error(status), error(status), honest)
    assert encoder(peer).encode(TEXTS).shape == (3, DIMENSION)
    assert len(peer.requests) == 3
    first, second = waits
    assert 0.5 <= first <= 0.75
    assert 1.0 <= second <= 1.5


def test_retry_after_is_honoured(peer, waits):
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 30))
    peer.reply = in_turn(error(429, Retry_After="7"), error(503, Retry_After=date), honest)
    encoder(peer).encode(TEXTS)
    assert waits[0] == 7
    assert 5 < waits[1] <= 30


@pytest.mark.parametrize(
    ("reply", "requests"),
    [
        (error(429, "slow down", Retry_After="3600"), 2),  # longer than anyone waits
        (error(429, "pay first", code="insufficient_quota"), 2),
        (error(500, "out of order"), 10),
    ],
    ids=["retry-after", "quota", "broken"],
)
def test_a_server_that_does_not_answer_is_away(peer, reply, requests):
    peer.reply = reply
    with pytest.raises(ModelAway, match="does not answer"):
        encoder(peer).encode(TEXTS)
    assert len(peer.requests) == requests  # the texts, then one nobody could refuse


def test_texts_that_bring_the_server_down_are_told_from_a_server_that_is_down(peer):
    peer.reply = refusing(lambda texts: TEXTS[2] in texts, error(500, "crashed"))
    with pytest.raises(ItemRefused, match="“a quiet morning”"):
        encoder(peer).encode(TEXTS)


def test_no_server_is_away_and_says_where(peer):
    closed = replace(spec(peer), base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ModelAway, match=r"127\.0\.0\.1:9/v1 does not answer"):
        RemoteEncoder(closed, EstimatedTokenizer()).encode(TEXTS)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (error(401, "wrong key"), "refuses the key: wrong key"),
        (error(403), "refuses the key"),
        (error(404, "no model tiny"), "There is no model 'tiny'"),
        (raw("", 302, Location="http://169.254.169.254/"), "redirects to http://169.254"),
        (error(402, "pay"), "refuses: 402: pay"),
    ],
)
def test_what_will_not_pass_is_said_at_once(peer, reply, said):
    peer.reply = reply
    with pytest.raises(ModelMissing, match=said) as caught:
        encoder(peer).encode(TEXTS)
    assert not isinstance(caught.value, ModelAway)
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (raw("<html>"), "not JSON"),
        (raw("[1]"), "no list “data”"),
        (raw('{"data": 3}'), "no list “data”"),
        (raw('{"data": [1, 2, 3]}'), "something else than objects"),
        (rows(GOOD, GOOD), "2 vectors for 3 texts"),
        (rows(GOOD, GOOD, [1.0]), "have 1 and 64 numbers"),
        (rows(GOOD, GOOD, None), "vector 2 is no list"),
        (rows(GOOD, GOOD, ["a"]), "vector 2 is no list of numbers"),
        (rows(GOOD, GOOD, [[1.0]]), "vector 2 is no list of 1 to"),
        (rows(GOOD, GOOD, []), "vector 2 is no list of 1 to"),
        (rows(GOOD, GOOD, "!!"), "neither a list nor base64"),
        (rows([1.0, 2.0], [1.0, 2.0], [1.0, 2.0]), "gives 2 numbers, but 64 are registered"),
        (
            raw(json.dumps({"data": [{"index": 0, "embedding": GOOD}] * 3})),
            "indexes of its vectors",
        ),
    ],
)
def test_a_bad_reply_is_refused_and_told(peer, reply, said):
    peer.reply = reply
    with pytest.raises(ModelMissing, match=said):
        encoder(peer).encode(TEXTS)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([float("nan")] * DIMENSION, "not finite"),
        ([float("inf")] * DIMENSION, "not finite"),
        ([0.0] * DIMENSION, "all zeros"),
    ],
)
def test_a_vector_that_no_search_could_use_names_its_text(peer, bad, said):
    peer.reply = rows(GOOD, bad, GOOD)
    with pytest.raises(ItemRefused, match=f"“bread and butter”.*{said}"):
        encoder(peer).encode(TEXTS)


def slow(seconds):
    def reply(handler, texts):
        time.sleep(seconds)
        honest(handler, texts)

    return reply


def dripping(handler, texts):
    """A byte now and then: each read is in time, all of them are not."""
    handler.send(b"", 200, Content_Length="1000")
    for _ in range(2000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.02)


def cut(handler, texts):
    handler.send(b'{"data": [', 200, Content_Length="1000")
    handler.connection.close()


@pytest.mark.parametrize("reply", [slow(20), dripping, cut], ids=["slow", "dripping", "cut"])
def test_a_reply_that_does_not_come_is_given_up(peer, reply):
    peer.reply = reply
    began = time.monotonic()
    with pytest.raises(ModelAway):
        encoder(peer, seconds=0.3, retries=0).encode(TEXTS)
    assert time.monotonic() - began < 15


def test_in_a_hurry_a_failure_is_remembered_for_a_while(peer):
    hurried = encoder(peer, retries=0)
    peer.reply = error(503)
    for _ in range(3):
        with pytest.raises(ModelAway):
            hurried.encode(TEXTS)
    assert len(peer.requests) == 1


def test_a_reply_without_end_is_cut_off(peer, monkeypatch):
    monkeypatch.setattr(server, "MAX_BYTES", 1000)
    with pytest.raises(ModelMissing, match="more than 1000 bytes"):
        encoder(peer).encode(TEXTS)


def test_cancelling_ends_the_waiting(peer):
    peer.reply = error(503)
    one = encoder(peer)
    one.cancel()
    with pytest.raises(Cancelled):
        one.encode(TEXTS)
    assert len(peer.requests) == 1


def test_the_key_is_told_to_nobody(peer):
    peer.reply = error(400, f"the key {KEY} is bad")
    one = encoder(peer)
    with pytest.raises(ItemRefused) as caught:
        one.encode(TEXTS[:1])
    assert KEY not in str(caught.value)
    assert KEY not in repr(spec(peer))


def test_a_key_that_no_header_takes_is_said(peer):
    with pytest.raises(ModelMissing, match="key of the model 'tiny'"):
        Server(spec(peer, api_key="schlüssel\n"))


def test_tokens_are_counted_as_the_server_counts_them(peer):
    with encoders.metered() as meter:
        encoder(peer).encode(TEXTS)
    assert meter.tokens == sum(len(text.split()) + 2 for text in TEXTS)
    peer.reply = rows(GOOD)
    with encoders.metered() as meter:
        encoder(peer).encode(["boats"])
    assert meter.tokens == EstimatedTokenizer().count("boats")


def test_it_is_loaded_by_its_specification(peer, tmp_path):
    one = encoders.load(spec(peer, dimension=48, truncate=True), tmp_path)
    made = one.encode(TEXTS)
    whole = FakeEncoder(DIMENSION, 1000).encode(TEXTS)[:, :48]
    assert made.shape == (3, 48)
    assert np.allclose(made, whole / np.linalg.norm(whole, axis=1, keepdims=True), atol=1e-6)
    assert one.token_limit == 64
