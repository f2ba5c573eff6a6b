"""Postings of terms as they were told before: counted anew, and never without."""

import pytest

from collections_app import changes, ingest, services, tasks
from collections_app.ingest import reterming
from collections_app.ingest.pools import Pool
from collections_app.models import Collection, CorpusChange, Passage, PostingList
from collections_app.pipeline import terms
from collections_app.services.forgetting import forget_texts
from search_app.queries import postings
from search_app.queries.scope import Scope
from tests.factories import CollectionFactory, EmbeddingModelFactory, embedded
from tests.search_app.pools import check, elsewhere, found_in

TEXTS = {"a": "機器學習", "b": "飛機", "c": "rye bread", "d": "習機機", "e": "bread"}
QUERY = ["學習", "bread", "機器", "習機"]


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch):
    monkeypatch.setattr(reterming, "PASSAGES", 2)


def old(**fields):
    """A collection whose last characters of a run cannot be found alone."""
    collection = CollectionFactory(language="chinese")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terms, "_stored", terms.terms)
        embedded(collection, TEXTS, **fields)
    Collection.objects.filter(pk=collection.pk).update(terms_version=1)
    return collection


def pool(collection):
    return Pool(collection.pk, collection.embedding_model_id)


def named(collection, term):
    """The ids of the documents that are found by a term."""
    found = postings.holding(Scope((collection.pk,)), collection.embedding_model_id, term)
    rows = Passage.objects.filter(pk__in=found.tolist())
    return sorted(rows.values_list("document__external_id", flat=True))


@pytest.mark.django_db
def test_a_single_character_is_found_once_terms_are_counted_anew():
    collection = old(title="On 機器")
    new = CollectionFactory(language="chinese")
    assert list(ingest.to_reterm()) == [collection]
    assert named(collection, "習") == ["d"]
    tasks.reterm_postings()
    assert named(collection, "習") == ["a", "d"]
    check(collection, query=QUERY)
    assert list(ingest.to_reterm()) == []
    collection.refresh_from_db()
    assert collection.terms_version == new.terms_version == terms.VERSION


@pytest.mark.django_db
def test_what_is_gone_or_forgotten_gets_no_postings():
    collection = old()
    services.delete_documents(collection.documents.filter(external_id="a"))
    forget_texts(collection.documents.filter(external_id="d"))
    ingest.reterm(9)
    assert named(collection, "機") == ["b"]
    assert not CorpusChange.objects.exclude(void=b"").exists()
    assert sum(PostingList.objects.values_list("count", flat=True)) == 7


@pytest.mark.django_db
def test_terms_that_come_back_are_found_again():
    collection = old()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terms, "_stored", lambda text, language: [])
        ingest.reterm(9)
    assert set(collection.documents.values_list("passages__term_count", flat=True)) == {0}
    Collection.objects.filter(pk=collection.pk).update(terms_version=1)
    ingest.reterm(9)
    check(collection, query=QUERY)


@pytest.mark.django_db
def test_both_models_of_a_change_are_counted_anew(monkeypatch):
    monkeypatch.setattr("search_app.receivers.call", lambda *args: True)
    collection = old()
    other = EmbeddingModelFactory(name="other", dimension=96, token_limit=24)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terms, "_stored", terms.terms)
        changes.start(collection, other)
        changes.run()
    ingest.reterm(9)
    for model in (collection.embedding_model, other):
        found = postings.holding(Scope((collection.pk,)), model.pk, "習")
        assert Passage.objects.filter(pk__in=found.tolist(), model=model).count() == 2
    assert list(ingest.to_reterm()) == []


@pytest.mark.django_db
def test_the_sweep_calls_for_it(monkeypatch):
    called = []
    monkeypatch.setattr(tasks, "call", lambda task: called.append(task.__name__))
    monkeypatch.setattr(tasks, "_swept", {})
    old()
    tasks.sweep()
    assert "reterm_postings" in called
    ingest.reterm(9)
    called.clear()
    tasks._swept.clear()
    tasks.sweep()
    assert "reterm_postings" not in called


@pytest.mark.django_db
def test_one_that_is_killed_goes_on_where_it_was(monkeypatch):
    first, second = old(), old()
    real = reterming._note

    def broken(lengths):
        if PostingList.objects.filter(collection=second, term="習").exists():
            raise KeyboardInterrupt
        real(lengths)

    monkeypatch.setattr(reterming, "_note", broken)
    with pytest.raises(KeyboardInterrupt):
        ingest.reterm(9)
    assert list(ingest.to_reterm()) == [second]
    assert named(first, "習") == ["a", "d"]
    assert (named(second, "習"), named(second, "bread")) == (["d"], ["c", "e"])
    monkeypatch.undo()
    ingest.reterm(9)
    check(second, query=QUERY)
    check(first, query=QUERY)
    assert list(ingest.to_reterm()) == []


@pytest.mark.django_db
def test_time_that_is_up_leaves_the_rest_for_the_next_call():
    collection = old()
    ingest.reterm(-1)
    assert list(ingest.to_reterm()) == [collection]


@pytest.mark.django_db(transaction=True)
def test_searches_and_workers_go_on_meanwhile(monkeypatch):
    collection = old()
    before = found_in(collection, query=QUERY).bm25().tolist()
    real, seen = reterming._termed, []

    def meanwhile(*args):
        found = real(*args)
        if not seen:
            seen.append(elsewhere(lambda: found_in(collection, query=QUERY).bm25().tolist()))
            seen.append(elsewhere(lambda: reterming.reterm_pool(pool(collection), "chinese")))
            for key in ("a", "e"):  # one of this batch, one of a later one
                rows = collection.documents.filter(external_id=key)
                elsewhere(lambda rows=rows: services.delete_documents(rows))
            elsewhere(lambda: embedded(collection, {"f": "學習", "b": "機機"}))
        return found

    monkeypatch.setattr(reterming, "_termed", meanwhile)
    ingest.reterm(9)
    assert seen == [before, False]
    check(collection, query=QUERY)
    assert named(collection, "習") == ["d", "f"]


@pytest.mark.django_db(transaction=True)
def test_a_collection_is_not_done_while_another_process_is_at_it(monkeypatch):
    collection = old()
    monkeypatch.setattr(reterming, "is_only_one", lambda pool: False)
    ingest.reterm(9)
    assert list(ingest.to_reterm()) == [collection]
    assert named(collection, "習") == ["d"]
