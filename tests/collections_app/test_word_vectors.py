"""Files of word vectors: read word by word, brought in by page, API and command."""

import gzip
import io
import struct

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from rest_framework.test import APIClient

from collections_app import purge, services, sources
from collections_app.intake import words as intake
from collections_app.models import Collection, Document, EmbeddingModel, Quota, Run, Vector
from collections_app.pipeline import word_vectors
from collections_app.pipeline.extracted import Unreadable
from collections_app.pipeline.word_vectors import BadWord, Word
from collections_app.services import Rejected, word_import
from collections_app.sources import chunks
from tests.factories import UserFactory

KeyedVectors = pytest.importorskip("gensim.models").KeyedVectors
PLACE = "/api/word-vectors/"
NAMES = ["king", "queen", "man", "woman", "käse", "東京", "u.s.", "7"]


@pytest.fixture
def vectors():
    """What gensim has, to be saved in any of its formats."""
    made = KeyedVectors(vector_size=5)
    rng = np.random.default_rng(1)
    made.add_vectors(NAMES, rng.normal(size=(len(NAMES), 5)).astype(np.float32))
    return made


def glove(made):
    """The lines without the first: gensim writes none, and reads them by `no_header`."""
    return "".join(
        f"{word} {' '.join(repr(float(number)) for number in made[word])}\n"
        for word in made.index_to_key
    ).encode()


def written(made, path, form):
    if form == "glove":
        path.write_bytes(glove(made))
    else:
        made.save_word2vec_format(str(path), binary=form == "binary")
    return path


def rows(path, *at):
    with word_vectors.opened(path) as file:
        return list(file.rows(*at))


def told(path):
    """All up to where it breaks, and what is said there."""
    found = []
    with pytest.raises(Unreadable) as raised, word_vectors.opened(path) as file:
        found += iter(file.rows())
    return found, str(raised.value)


# Without a header, gensim leaves the file open.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["text", "binary", "glove"])
def test_every_format_reads_as_gensim_reads_it(vectors, tmp_path, form, packed):
    path = written(vectors, tmp_path / "a", form)
    binary, no_header = form == "binary", form == "glove"
    known = KeyedVectors.load_word2vec_format(str(path), binary=binary, no_header=no_header)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    with word_vectors.opened(path) as file:
        assert (file.kind, file.dimension) == ("binary" if binary else "text", 5)
        assert file.count == (None if no_header else len(NAMES))
        found = list(file.rows())
    assert [one.word for one in found] == known.index_to_key
    assert [one.vector.tolist() for one in found] == [known[one].tolist() for one in NAMES]
    third = found[2]
    assert [one.word for one in rows(path, third.number, third.end)] == NAMES[3:]


def test_c_tool_writes_a_line_end_after_each_vector(tmp_path):
    pairs = [(b"one", (1.0, 2.0)), (b"two", (3.0, 10.0))]
    body = b"".join(word + b" " + struct.pack("<2f", *numbers) + b"\n" for word, numbers in pairs)
    (tmp_path / "a").write_bytes(b"2 2\n" + body)
    assert [(one.word, one.vector.tolist()) for one in rows(tmp_path / "a")] == [
        ("one", [1, 2]),
        ("two", [3, 10]),
    ]


def test_large_binary_is_read_in_pieces(tmp_path):
    made = KeyedVectors(vector_size=100)
    numbers = np.random.default_rng(2).normal(size=(6000, 100)).astype(np.float32)
    made.add_vectors([f"w{n}" for n in range(6000)], numbers)
    made.save_word2vec_format(str(tmp_path / "a"), binary=True)
    found = rows(tmp_path / "a")
    assert [one.word for one in found] == made.index_to_key
    assert np.array_equal(np.array([one.vector for one in found]), numbers)


def test_bad_lines_are_named_and_the_others_read(tmp_path):
    lines = [
        b"good 1 2 3",
        b"short 1 2",
        b"long 1 2 3 4",
        b"odd 1 x 3",
        b"caf\xe9 1 2 3",
        b"zero 0 0 0",
        b"infinite 1 inf 3",
        b"",
        b". . . 3 2 1",
        b"nan 1 1 1",
    ]
    (tmp_path / "a").write_bytes(b"\n".join(lines))
    found = rows(tmp_path / "a")
    assert [one.word for one in found if isinstance(one, Word)] == ["good", ". . .", "nan"]
    assert {one.shown: one.reason for one in found if isinstance(one, BadWord)} == {
        "short": "It has 2 numbers, the first word of the file has 3.",
        "long": "It has 4 numbers, the first word of the file has 3.",
        "odd": "“x” is not a number.",
        "caf\\xe9": "The word is not UTF-8.",
        "zero": "Its vector is zero: it has no direction.",
        "infinite": "Its vector has numbers that are not finite.",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"just some words\nin a text\n",
        b"\x00\x01\x02",
        b"PK\x03\x04rest",
        b"3 4\nno numbers here\nat all\nand none",
        b"2 3\nword \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"1 99999\nword 1 2\n",
        b"\x1f\x8b\x08 not gzip at all",
        gzip.compress(b"words and words\n" * 10, mtime=0)[:-12],
    ],
)
def test_what_is_no_such_file_is_told(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    found, message = told(tmp_path / "a")
    assert found == []
    assert message[0].isupper()
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("cut", "count", "message"),
    [(-3, 7, "ends in the middle of word 8 of 8 (“7”)"), (-23, 7, "tells of 8 words, and there")],
)
def test_truncated_binary_gives_what_came(vectors, tmp_path, cut, count, message):
    path = written(vectors, tmp_path / "a", "binary")
    data = path.read_bytes()
    path.write_bytes(data[:cut] if cut != -23 else data[: data.rindex(b"7 ")])
    found, said = told(path)
    assert len(found) == count
    assert message in said


def test_text_of_another_length_than_it_says(vectors, tmp_path):
    path = written(vectors, tmp_path / "a", "text")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert "tells of 8 words, and there are 7" in told(path)[1]
    path.write_bytes(b"7 5\n" + b"".join(lines[1:]))
    found, message = told(path)
    assert (len(found), "more in it than the 7 words" in message) == (7, True)


def test_gzip_that_is_cut_off_gives_what_came(tmp_path):
    data = "".join(f"w{n} {n + 1} 2 3\n" for n in range(50_000)).encode()
    packed = gzip.compress(data, 1)
    (tmp_path / "a").write_bytes(packed[: len(packed) // 2])
    found, message = told(tmp_path / "a")
    assert len(found) > 10_000
    assert message.startswith("The gzip file is damaged, or not all of it came")


def test_bomb_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(word_vectors, "_FREE", 0)
    line = b"word " + b"0 " * 500 + b"1\n"
    (tmp_path / "a").write_bytes(gzip.compress(line * 5000))
    assert "as in an archive bomb" in told(tmp_path / "a")[1]


# what becomes of it


@pytest.fixture
def user(media, db):
    return UserFactory()


@pytest.fixture
def api(user):
    client = APIClient()
    client.force_login(user)
    return client


def send(api, data, name="small.vec", **fields):
    return api.post(PLACE, {"file": SimpleUploadedFile(name, data), **fields})


def work():
    sources.work(20, lambda: None)


def counts(run):
    return run.state, run.added, run.changed, run.unchanged, run.removed, run.skipped, run.failed


def test_api_brings_a_file_in_by_a_run(api, user, vectors, tmp_path):
    data = written(vectors, tmp_path / "a", "binary").read_bytes()
    answer = send(api, data)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["kind"], body["dimension"], body["words"]) == ("binary", 5, 8)
    work()
    assert counts(Run.objects.get(pk=body["run"])) == ("done", 8, 0, 0, 0, 0, 0)
    collection = Collection.objects.get(pk=body["collection"])
    assert (collection.owner, collection.name, collection.word_list) == (user, "small", True)
    assert collection.visibility == "private"
    model = collection.embedding_model
    assert (model.backend, model.dimension, model.usable) == ("fixed", 5, False)
    assert "small" not in model.name  # everyone may see the names of models
    stored = Vector.objects.filter(collection=collection).select_related("passage__document")
    found = {one.passage.document.external_id: one.embedding for one in stored}
    assert set(found) == set(NAMES)
    assert np.array_equal(np.array(found["käse"], np.float32), vectors["käse"])
    assert set(collection.documents.values_list("state", "text").distinct()) == {
        ("ready", name) for name in NAMES
    }
    send(api, data)
    work()
    assert counts(Run.objects.first()) == ("done", 0, 0, 8, 0, 0, 0)


def test_bad_and_double_words_are_named_and_lose_no_others(api):
    send(api, b"one 1 2\ntwo 3\none 5 6\ncaf\xe9 1 2\n\xc2\x85 1 2\nlast 7 8\n")
    work()
    run = Run.objects.get()
    assert counts(run) == ("done", 2, 0, 0, 0, 1, 3)
    assert {one.external_id: (one.outcome, one.reason) for one in run.problems.all()} == {
        "two": ("failed", "It has 1 numbers, the first word of the file has 2."),
        "one": ("skipped", "Another item has the same id."),
        "caf\\xe9": ("failed", "The word is not UTF-8."),
        "\x85": ("failed", "The id is empty. Give each document an id of its own."),
    }
    assert Document.objects.get(external_id="one").passages.get().vectors.get().embedding[0] == 1


def test_run_goes_on_where_it_stopped_and_still_sees_doubles(api, monkeypatch):
    monkeypatch.setattr(chunks, "READY_ITEMS", 2)
    monkeypatch.setattr(chunks, "ITEMS", 2)
    send(api, b"".join(b"w%d 1 %d\n" % (n % 5, n) for n in range(7)))
    run = sources.queue.claim()
    sources.running.execute(run, lambda: None, lambda: False)  # one chunk, then the next worker
    assert Run.objects.get().cursor["at"] == [2, 14]
    for _slice in range(6):
        if run := sources.queue.claim():
            sources.running.execute(run, lambda: None, lambda: False)
    assert counts(Run.objects.get()) == ("done", 5, 0, 0, 0, 2, 0)


def test_truncated_file_keeps_what_came_and_says_so(api, vectors, tmp_path):
    data = written(vectors, tmp_path / "a", "binary").read_bytes()
    send(api, data[:-3])
    work()
    run = Run.objects.get()
    assert counts(run) == ("failed", 7, 0, 0, 0, 0, 0)
    assert "ends in the middle of word 8" in run.error


def test_only_the_first_words(api, vectors, tmp_path, monkeypatch):
    data = written(vectors, tmp_path / "a", "text").read_bytes()
    monkeypatch.setattr(word_import, "MOST_WORDS", 6)
    refused = send(api, data)
    assert refused.status_code == 400
    assert "has 8 words; the most is 6" in refused.json()["detail"]
    send(api, data, limit=3)
    work()
    assert counts(Run.objects.get())[:2] == ("done", 3)
    monkeypatch.setattr(sources.words, "MOST_WORDS", 6)
    send(api, glove(vectors), "b.txt")
    work()
    run = Run.objects.first()
    assert counts(run) == ("done", 6, 0, 0, 0, 0, 1)
    assert "the first 6 were" in run.problems.get().reason


def test_file_that_is_none_or_does_not_fit_is_refused(api, user):
    assert "no word vectors" in send(api, b"nothing of the kind").json()["detail"]
    assert Collection.objects.count() == EmbeddingModel.objects.count() == 0
    send(api, b"one 1 2\ntwo 2 3\n")
    other = send(api, b"one 1 2 3\n", name="small.vec").json()["detail"]
    assert "have 2 numbers, those of the file 3" in other
    services.create_collection(user, "texts")
    assert "came otherwise" in send(api, b"one 1 2\n", name="texts.vec").json()["detail"]
    assert APIClient().post(PLACE, {}).status_code in (401, 403)


def test_quota_holds(api, user):
    Quota.objects.create(user=user, max_documents=1)
    send(api, b"one 1 2\ntwo 2 3\n")
    work()
    assert counts(Run.objects.get())[:2] == ("done", 1)


def test_nothing_else_goes_into_such_a_collection(api, client, user):
    body = send(api, b"one 1 2\ntwo 2 3\n").json()
    work()
    collection = Collection.objects.get(pk=body["collection"])
    place = f"/api/collections/{collection.pk}/documents/"
    refused = api.post(place, [{"id": "three", "text": "three"}], format="json")
    assert refused.status_code == 400
    assert "fixed set of vectors" in refused.json()["detail"]
    document = collection.documents.get(external_id="one")
    with pytest.raises(Rejected, match="fixed set"):
        services.edit_document(document, body="other")
    assert services.reembed(collection.documents.all()) == 0
    similar = api.get(f"/api/collections/{collection.pk}/similar/?q=three")
    assert similar.status_code == 400
    assert "no other text can be embedded" in similar.json()["detail"]
    found = api.get(f"/api/search/?q=two&collection={collection.pk}").json()
    assert [one["document"]["external_id"] for one in found["hits"]] == ["two"]
    made = api.post(
        "/api/collections/",
        {"name": "x", "embedding_model": collection.embedding_model.name},
        format="json",
    )
    assert "fixed set of vectors" in made.json()["detail"]


def test_model_goes_with_its_collection(api):
    body = send(api, b"one 1 2\ntwo 2 3\n").json()
    work()
    services.delete_collection(Collection.objects.get(pk=body["collection"]))
    purge.work(5)
    assert EmbeddingModel.objects.count() == 0


def test_page_starts_the_run_and_tells_what_is_wrong(client, user):
    place = reverse("word_vectors")
    assert client.get(place).status_code == 302
    client.force_login(user)
    page = client.post(place, {"file": SimpleUploadedFile("a.vec", b"no such thing")})
    assert page.status_code == 422
    assert "These are no word vectors" in page.text
    sent = SimpleUploadedFile("a.vec", b"one 1 2\ntwo 2 3\n")
    page = client.post(place, {"file": sent, "name": "Mine", "most": "1"})
    run = Run.objects.get()
    assert page.url == reverse("run", args=[run.pk])
    work()
    assert Collection.objects.get(name="Mine").documents.count() == 1
    assert "Mine" in client.get(page.url).text


def command(*words):
    out, err = io.StringIO(), io.StringIO()
    call_command("import_word_vectors", *map(str, words), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_command_brings_a_file_in_at_once(user, vectors, tmp_path, monkeypatch):
    monkeypatch.setattr(word_import, "BATCH", 3)
    path = written(vectors, tmp_path / "w.txt", "glove")
    path.write_bytes(path.read_bytes() + b"king 1 2 3 4 5\nshort 1\n")
    out, err = command(path, "--owner", user.username)
    assert out == "w: 8 words of 5 numbers imported, 2 failed.\n"
    assert err.splitlines() == [
        "king: Another item has the same id.",
        "short: It has 1 numbers, the first word of the file has 5.",
    ]
    collection = Collection.objects.get(name="w")
    before = Vector.objects.filter(collection=collection).count()
    assert command(path, "--owner", user.username)[0] == out  # again: replaced, not doubled
    assert Vector.objects.filter(collection=collection).count() == before == 8


def test_command_tells_what_is_wrong(user, vectors, tmp_path):
    owner = ("--owner", user.username)
    with pytest.raises(CommandError, match="is not a file"):
        command(tmp_path / "none", *owner)
    path = written(vectors, tmp_path / "w.bin", "binary")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(CommandError, match="in the middle of word 8"):
        command(path, "--name", "cut", *owner)
    assert Collection.objects.get(name="cut").documents.count() == 7
    with pytest.raises(CommandError, match="1 to 1000000"):
        command(path, "--limit", 2 * intake.MOST_WORDS, *owner)
