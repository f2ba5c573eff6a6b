"""Sums and differences of words: on a page, by the API and by a command; peer: gensim."""

import io
import json

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from collections_app import services, sources, storage, vectors
from collections_app.demo import words as word_list
from collections_app.intake import ready
from collections_app.intake.words import ready_word
from collections_app.models import Collection
from collections_app.services.word_import import start_words
from search_app import words
from search_app.analysis import plane, sums
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("germany + paris - france", (["germany", "paris"], ["france"])),
        ("king -man +woman", (["king", "woman"], ["man"])),
        ("well-known", (["well-known"], [])),
        ("- a - b", ([], ["a", "b"])),
        ("new york, u.s. − x", (["new york", "u.s."], ["x"])),
        ("  + ", ([], [])),
        ("", ([], [])),
    ],
)
def test_sums_are_read_as_they_are_written(text, expected):
    assert sums.parse(text) == expected


def test_words_after_take_away_are_taken_away():
    assert sums.parse("france", -1) == ([], ["france"])
    assert sums.parse("a - b", -1) == (["b"], ["a"])
    assert sums.written(["a", "b"], ["c"]) == "a + b - c"
    assert sums.written([], ["c"]) == "- c"


# word vectors, beside gensim


@pytest.fixture
def peer(tmp_path):
    keyed = pytest.importorskip("gensim.models").KeyedVectors
    made = keyed(vector_size=20)
    rng = np.random.default_rng(4)
    names = [f"word{n}" for n in range(200)]
    made.add_vectors(names, rng.normal(size=(200, 20)).astype(np.float32) * rng.uniform(0.5, 3))
    return made


def imported(peer, tmp_path, form, user):
    path = tmp_path / "a"
    if form == "glove":
        lines = (f"{w} {' '.join(repr(float(n)) for n in peer[w])}\n" for w in peer.index_to_key)
        path.write_text("".join(lines))
    else:
        peer.save_word2vec_format(str(path), binary=form == "binary")
    with path.open("rb") as stream:
        blob = storage.store(stream, 10_000_000)
    found = start_words(user, "a.vec", blob)
    sources.work(20, lambda: None)
    return Collection.objects.select_related("embedding_model").get(pk=found.collection.pk)


@pytest.mark.parametrize("form", ["text", "binary", "glove"])
def test_neighbours_are_those_of_gensim(peer, tmp_path, settings, form):
    settings.MEDIA_ROOT = tmp_path / "media"
    user = UserFactory()
    collection = imported(peer, tmp_path, form, user)
    asked = [
        (["word1"], []),
        (["word1", "word2"], []),
        (["word1", "word2"], ["word3"]),
        (["word9"], ["word8", "word7"]),
        ([], ["word5"]),
    ]
    for plus, minus in asked:
        known = peer.most_similar(positive=plus, negative=minus, topn=15)
        found = words.arithmetic(user, collection, plus, minus, limit=15).near
        assert [one.document.external_id for one in found] == [word for word, _score in known]
        scores = [one.score for one in found]
        assert scores == pytest.approx([score for _word, score in known], abs=1e-5)
    itself = words.arithmetic(user, collection, ["WORD1"], inputs=True).near[0]
    assert (itself.document.external_id, itself.score) == ("word1", pytest.approx(1.0))
    with pytest.raises(services.Rejected, match="“nothing” is not among the words of “a”"):
        words.arithmetic(user, collection, ["nothing"])


# a text model over a word list


@pytest.fixture
def collection():
    made = CollectionFactory(public=True, word_list=True, name="Some words")
    embedded(made, {word: word for word in ("boat", "red boat", "red", "house", "tree")})
    return made


def near(client, **query):
    return client.get("/api/words/", query).json()


def test_api_gives_near_words_their_terms_and_the_picture(client, collection):
    found = near(client, collection=collection.pk, plus=["red", "boat"], limit=3)
    assert found["near"][0]["word"] == "red boat"
    assert found["near"][0]["score"] == pytest.approx(1.0)
    assert {one["word"] for one in found["near"]}.isdisjoint({"red", "boat"})
    assert [one["word"] for one in found["plus"]] == ["red", "boat"]
    assert found["model"] == "fake"
    kinds = [one["kind"] for one in found["picture"]]
    assert (kinds.count("plus"), kinds.count("result")) == (2, 1)
    assert 0 < found["explained"] <= 1
    less = near(client, collection=collection.pk, plus=["red boat"], minus=["red"], limit=1)
    assert less["near"][0]["word"] == "boat"
    away = near(client, collection=collection.pk, minus=["tree"], inputs=True)
    assert away["near"][-1]["word"] == "tree"
    assert away["near"][-1]["score"] == pytest.approx(-1.0)


def test_unknown_word_is_embedded_on_the_spot(client, collection):
    found = near(client, collection=collection.pk, plus=["blue boat"])
    assert found["plus"] == [{"word": "blue boat", "document": None}]
    assert found["near"][0]["word"] == "boat"
    page = client.get("/words/", {"c": collection.pk, "plus": "blue boat"})
    assert "is not in the list: it was embedded just now" in page.text


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "no word to start from"),
        ({"plus": [" "]}, "may not be blank"),
        ({"plus": ["red"], "minus": ["red"]}, "cancel each other out"),
        ({"plus": ["a"] * 21}, "no more than 20"),
        ({"plus": ["red"], "minus": ["x"] * 20}, "too many words"),
        ({"plus": ["x" * 501]}, "at most 500"),
        ({"plus": ["red"], "limit": 0}, "greater than or equal to 1"),
    ],
)
def test_what_makes_no_sense_is_told(client, collection, query, message):
    answer = client.get("/api/words/", {"collection": collection.pk, **query})
    assert answer.status_code == 400
    assert message in answer.text


def test_page_shows_the_table_the_picture_and_ways_to_go_on(client, collection):
    place = f"/words/?c={collection.pk}"
    page = client.get(f"{place}&plus=red&plus=boat&minus=tree&n=20")
    assert page.status_code == 200
    assert "Nearest to red + boat - tree" in page.text
    assert page.text.index(">red boat</a>") < page.text.index(">house</a>")
    assert '<svg viewBox="0 0 400 280" role="img" aria-labelledby="plane-title">' in page.text
    rest = f"{place}&amp;n=20&amp;plus=boat"
    assert f'href="{rest}&amp;minus=tree" aria-label="Remove red"' in page.text
    assert f'href="{rest}&amp;minus=tree&amp;minus=red" aria-label="Take red away' in page.text
    assert ">red</a></th>" not in page.text
    assert ">red</a></th>" in client.get(f"{place}&plus=red&inputs=1").text


def test_what_is_added_goes_into_the_address(client, collection):
    added = client.get(f"/words/?c={collection.pk}&plus=red&add=boat+-+tree&sign=plus")
    assert added.url == f"/words/?c={collection.pk}&plus=red&plus=boat&minus=tree"
    taken = client.get(f"/words/?c={collection.pk}&plus=red&add=tree&sign=minus&n=20")
    assert taken.url == f"/words/?c={collection.pk}&n=20&plus=red&minus=tree"


def test_states_of_the_page(client, collection):
    first = client.get("/words/")
    assert "To begin with" in first.text
    assert "plus=germany&amp;plus=paris&amp;minus=france" in first.text
    wrong = client.get(f"/words/?c={collection.pk}&plus=red&minus=red")
    assert (wrong.status_code, "cancel each other out" in wrong.text) == (422, True)
    hidden = CollectionFactory(word_list=True, name="Hidden words")
    assert client.get(f"/words/?c={hidden.pk}&plus=red").status_code == 404
    assert "Hidden words" not in first.text
    assert client.get(f"/api/words/?collection={hidden.pk}&plus=red").status_code == 400
    Collection.objects.all().update(word_list=False)
    assert "No words yet" in client.get("/words/").text
    assert f"/words/?c={collection.pk}" not in client.get(f"/c/{collection.pk}/").text


def test_a_word_list_is_made_under_a_model_of_ones_choice(client):
    user, model = UserFactory(), EmbeddingModelFactory()
    assert client.get("/words/new/").status_code == 302
    client.force_login(user)
    assert client.post("/words/new/", {"name": "", "model": model.pk}).status_code == 422
    made = client.post("/words/new/", {"name": "Mine", "model": model.pk})
    collection = Collection.objects.get(owner=user)
    assert made.url == f"/c/{collection.pk}/"
    assert (collection.name, collection.word_list, collection.visibility) == (
        "Mine",
        True,
        "private",
    )
    assert collection.documents.filter(external_id="germany").exists()
    again = client.post("/words/new/", {"name": "Mine", "model": model.pk})
    assert "already" in again.text


def command(*given):
    out = io.StringIO()
    call_command("words", *map(str, given), stdout=out)
    return out.getvalue().splitlines()


def test_command_prints_words_and_scores(collection):
    own = ("--owner", collection.owner.username)
    first = json.loads(command("red + boat", "-n", 1, *own)[0])
    assert first == {"word": "red boat", "score": pytest.approx(1.0)}
    assert command("red boat", "--minus", "red", "-n", 1, "--plain", *own)[0].endswith("  boat")
    assert command("red", "boat", "-n", 1, "-p", "-c", "Some words", *own) == ["1.0000  red boat"]
    with pytest.raises(CommandError, match="no words named 'x'"):
        command("red", "-c", "x", *own)
    with pytest.raises(CommandError, match="no word to start from"):
        command(*own)


def test_analogies_under_the_embedded_model():
    """As docs/words.md tells it: over the whole list of the site."""
    made = CollectionFactory(real=True, word_list=True)
    names = [one.external_id for one in word_list.documents()]
    rows = vectors.embed(made.embedding_model, names, "passage")
    with transaction.atomic():
        ready.add(made, [ready_word(*pair) for pair in zip(names, rows, strict=True)])
    with connection.cursor() as cursor:  # as the server does by itself after so many new rows
        cursor.execute("ANALYZE")
    lines = (settings.BASE_DIR / "tests" / "data" / "analogies.txt").read_text().splitlines()
    first = among = 0
    for a, b, c, answer in map(str.split, lines):
        near = words.arithmetic(made.owner, made, [a, b], [c], limit=5).near
        found = [one.document.external_id for one in near]
        assert {a, b, c}.isdisjoint(found)
        first += found[0] == answer
        among += answer in found
        if (a, b, c) == ("germany", "paris", "france"):
            assert found[0] == "berlin"
    assert (len(lines), first >= 28, among >= 38) == (42, True, True)


# the picture


def test_arrows_of_an_analogy_are_alike():
    a, b, c = np.eye(3, dtype=np.float32)
    drawn = plane.draw(
        np.array([a, b]), np.array([c]), a + b - c, np.zeros((0, 3), np.float32), ["a", "b", "c"]
    )
    (one, other), (first, second, third, total) = drawn.arrows, drawn.points
    assert [one.result, other.result] == [False, True]
    assert second.x - third.x == pytest.approx(total.x - first.x, abs=0.3)
    assert second.y - third.y == pytest.approx(total.y - first.y, abs=0.3)
    assert drawn.explained == pytest.approx(1.0)


def test_picture_of_one_word_alone_and_of_equal_ones():
    row = np.ones((1, 4), np.float32)
    drawn = plane.draw(row, row[:0], row[0], row, ["a", "a"])
    assert [(one.x, one.y) for one in drawn.points] == [(200, 140)] * 3
    assert drawn.arrows == []


def test_all_stays_within_the_picture():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(9, 30)).astype(np.float32)
    labels = [f"label number {n}" for n in range(8)]
    drawn = plane.draw(rows[:2], rows[2:3], rows[8], rows[3:8], labels)
    assert all(0 <= p.x <= plane.WIDTH and 0 <= p.y <= plane.HEIGHT for p in drawn.points)
    assert len({(p.label_x, p.label_y) for p in drawn.points}) == 9
