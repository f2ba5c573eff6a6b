"""Postings: what is found, how rare it is, and that nothing deleted is ever found."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from collections_app import ingest, purge, services
from collections_app.ingest import merging
from collections_app.ingest.pools import Pool
from collections_app.ingest.postings import Termed, write
from collections_app.models import Collection, CorpusChange, Document, Passage, PostingList
from collections_app.pipeline.postings import Postings
from search_app.analysis.bm25 import K1, B, joined, rarity
from search_app.queries import postings
from search_app.queries.scope import Condition, Scope
from tests.factories import CollectionFactory, embedded
from tests.search_app.pools import QUERY, bags, check, elsewhere, found_in

pytestmark = pytest.mark.django_db

WORDS = ["bread", "rye", "harbour", "ship", "oven", "dawn", "sqlite_tmpdir"]


def texts(count, seed=4):
    chosen = np.random.default_rng(seed)
    return {f"d{n}": " ".join(chosen.choice(WORDS, 3 + n % 9)) for n in range(count)}


@pytest.fixture
def collection():
    made = CollectionFactory()
    embedded(made, texts(40))
    return made


def test_lists_are_what_is_counted_over_the_texts(collection):
    check(collection)


def test_bm25_is_robertsons(collection):
    found = found_in(collection)
    expected = [
        sum(
            rare * f * (K1 + 1) / (f + K1 * (1 - B + B * length / found.mean_length))
            for f, rare in zip(often, found.rarity, strict=True)
        )
        for often, length in zip(found.frequencies, found.lengths, strict=True)
    ]
    assert found.bm25().tolist() == pytest.approx(expected)
    assert max(expected) < found.bound == pytest.approx((K1 + 1) * found.rarity.sum())
    by_score = sorted(range(len(expected)), key=lambda n: (-round(expected[n], 9), n))
    assert found.best(7).tolist() == by_score[:7]
    assert found.best(1000).tolist() == by_score


@pytest.mark.parametrize("apart", [1, 1000])
def test_passages_may_stand_close_together_or_far_apart(apart):
    """Two terms of passages 1, 3, 5 and 2, 3, and one of none."""
    apiece = [
        Postings(np.array(ids, np.int64) * apart, np.array(often), np.array(lengths))
        for ids, often, lengths in (
            ([1, 3, 5], [1, 2, 3], [7, 9, 8]),
            ([2, 3], [4, 5], [6, 9]),
            ([], [], []),
        )
    ]
    found = joined(["a", "b", "c"], apiece, np.array([2 * apart]), 9, 5.0)
    assert found.passages.tolist() == [apart, 3 * apart, 5 * apart]
    assert found.lengths.tolist() == [7, 9, 8]
    assert found.frequencies.tolist() == [[1, 0, 0], [2, 5, 0], [3, 0, 0]]
    assert found.rarity.tolist() == [rarity(9, 3), rarity(9, 1), rarity(9, 0)]
    assert joined([], [], np.empty(0, np.int64), 9, 5.0).passages.tolist() == []


def test_one_statement_for_any_number_of_terms(collection, django_assert_num_queries):
    for query in ([], ["bread"], [*QUERY, "機"]):
        with django_assert_num_queries(1):
            found_in(collection, query=query)


def test_collections_are_one_pool_and_others_are_left_out(collection):
    other, stranger = CollectionFactory(), CollectionFactory()
    embedded(other, {"x": "Bread bread.", "y": "Zeppelin."})
    embedded(stranger, {"x": "Bread zeppelin."})
    assert check(collection, other, query=["bread", "zeppelin"]).count == 42
    check(collection, query=["zeppelin"])


def test_no_terms_and_no_collections_find_nothing(collection):
    assert len(found_in(collection, query=[]).passages) == 0
    empty = postings.lists(Scope(()), collection.embedding_model_id, ["bread"])
    assert (len(empty.passages), empty.count, empty.best(3).tolist()) == (0, 0, [])


def test_a_filter_leaves_passages_and_changes_no_rarity(collection):
    every = found_in(collection)
    wanted = np.sort(np.append(every.passages[3:20:4], [0, every.passages[-1] + 99]))
    kept = found_in(collection, passages=wanted)
    assert kept.passages.tolist() == every.passages[3:20:4].tolist()
    assert kept.bm25().tolist() == every.bm25()[3:20:4].tolist()
    assert kept.rarity.tolist() == every.rarity.tolist()


def test_best_goes_on_until_enough_meet_the_condition(collection):
    scope = Scope((collection.pk,), None, Condition("document.id %% %(n)s = 0", {"n": 5}))
    every = found_in(collection)
    meeting = set(Passage.objects.filter(document__in=fifths()).values_list("pk", flat=True))
    expected = [pk for pk in every.passages[every.best(99)].tolist() if pk in meeting]
    assert len(expected) > 3
    assert postings.best(scope, every, 99).tolist() == expected
    assert postings.best(scope, every, 2).tolist() == expected[:2]


def fifths():
    return [pk for pk in Document.objects.values_list("pk", flat=True) if pk % 5 == 0]


def test_commonest_terms_of_a_large_pool_are_left_out(collection, monkeypatch):
    embedded(collection, {f"c{n}": "Common rare." if n < 3 else "Common." for n in range(50)})
    monkeypatch.setattr(postings, "COMMON", 10)
    assert found_in(collection, query=["common", "rare"]).terms == ("rare",)
    assert found_in(collection, query=["common"]).terms == ("common",)
    assert found_in(collection, query=["common", "unknown"]).terms == ("common", "unknown")


def test_counts_follow_edits_deletes_and_a_purge(collection):
    first, second, third, *_ = collection.documents.order_by("pk")
    services.edit_document(first, body="Nothing but zebras.")
    ingest.run()
    check(collection, query=[*QUERY, "zebra"])
    services.delete_documents(Document.objects.filter(pk=second.pk))
    check(collection)
    Passage.objects.filter(document=third).delete()  # whatever the way
    check(collection)
    services.reembed(collection.documents.all())
    ingest.run()
    check(collection)
    Collection.objects.filter(pk=collection.pk).update(owner=None)
    while purge.work(0):
        pass
    assert not PostingList.objects.exists()
    assert not CorpusChange.objects.exists()


def test_a_passage_moved_or_without_terms_is_found_no_more(collection):
    other = CollectionFactory()
    passage = Passage.objects.filter(document__external_id="d8").get()
    passage.collection = other
    passage.save()
    assert passage.pk not in found_in(collection, query=WORDS).passages
    assert [found_in(one).count for one in (collection, other)] == [39, 1]
    Passage.objects.filter(document__external_id="d9").update(term_count=0)
    gone = Passage.objects.get(document__external_id="d9").pk
    found = found_in(collection, query=WORDS)
    assert (gone in found.passages, found.count) == (False, 39)


def test_merging_changes_nothing_but_the_number_of_lists(collection):
    for n in range(12):
        embedded(collection, {f"more{n}": f"Bread number {n}."})
    services.delete_documents(collection.documents.filter(external_id__in=["d3", "more4"]))
    before, lists = check(collection), PostingList.objects.filter(term="bread").count()
    assert (lists, len(ingest.to_merge())) == (13, 1)
    ingest.merge(9)
    assert PostingList.objects.filter(term="bread").count() < 3
    assert (CorpusChange.objects.count(), ingest.to_merge()) == (1, [])
    assert check(collection).bm25().tolist() == before.bm25().tolist()


def test_cleaning_leaves_nothing_of_what_is_gone(collection):
    [document] = embedded(collection, {"z": "Zeppelin bread."})
    services.delete_documents(Document.objects.filter(pk=document.pk))
    assert PostingList.objects.filter(term="zeppelin").exists()
    ingest.clean()
    assert not PostingList.objects.filter(term="zeppelin").exists()
    assert not CorpusChange.objects.exclude(void=b"").exists()
    check(collection, query=[*QUERY, "zeppelin"])


def test_at_night_few_lists_are_put_together_too(collection):
    for n in range(4):
        embedded(collection, {f"more{n}": f"Bread number {n}."})
    before = check(collection)
    ingest.merge(9)
    assert PostingList.objects.filter(term="bread").count() == 5
    ingest.clean()
    assert PostingList.objects.filter(term="bread").count() < 3
    assert check(collection).bm25().tolist() == before.bm25().tolist()


def test_much_that_is_gone_is_cleaned_without_waiting_for_the_night(collection, monkeypatch):
    monkeypatch.setattr(merging, "VOID", 5)
    services.delete_documents(collection.documents.filter(external_id__lt="d15"))
    assert len(ingest.to_merge()) == 1
    ingest.merge(9)
    assert not CorpusChange.objects.exclude(void=b"").exists()
    assert sum(PostingList.objects.values_list("count", flat=True)) == sum(
        len(bag) for bag in bags(collection).values()
    )
    check(collection)


@pytest.mark.parametrize("step", ["_merged", "_delete"])
def test_a_merge_that_breaks_off_leaves_all_as_it_was(collection, monkeypatch, step):
    for n in range(12):
        embedded(collection, {f"more{n}": f"Bread number {n}."})
    real = getattr(merging, step)

    def broken(*args):
        real(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(merging, step, broken)
    with pytest.raises(KeyboardInterrupt):
        ingest.merge(9)
    check(collection)
    monkeypatch.undo()
    ingest.merge(9)
    check(collection)
    assert PostingList.objects.filter(term="bread").count() < 3


@pytest.mark.django_db(transaction=True)
def test_two_at_one_pool_do_not_wait_and_a_search_sees_all_at_any_moment():
    collection = CollectionFactory()
    embedded(collection, texts(12))
    for n in range(9):
        embedded(collection, {f"more{n}": "Bread and rye."})
    expected = check(collection).bm25().tolist()
    real, seen = merging._merged, []

    def meanwhile(chosen, void):
        seen.append(elsewhere(lambda: found_in(collection).bm25().tolist()))
        elsewhere(lambda: ingest.merge(9))
        pool = Pool(collection.pk, collection.embedding_model_id)
        assert elsewhere(lambda: merging._rewrite(pool, ["bread"])) is False
        return real(chosen, void)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "_merged", meanwhile)
        merging.merge_pool(Pool(collection.pk, collection.embedding_model_id))
    assert seen == [expected]
    assert check(collection).bm25().tolist() == expected
    assert PostingList.objects.filter(term="bread").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_document_deleted_while_its_lists_are_cleaned_stays_gone():
    collection = CollectionFactory()
    embedded(collection, texts(12))
    services.delete_documents(collection.documents.filter(external_id="d1"))
    real = merging._merged

    def meanwhile(chosen, void):
        elsewhere(lambda: services.delete_documents(collection.documents.filter(external_id="d2")))
        return real(chosen, void)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "_merged", meanwhile)
        ingest.clean()
    check(collection)
    assert len(CorpusChange.objects.exclude(void=b"").get().void) == 8
    ingest.clean()
    check(collection)


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_at_once():
    collection = CollectionFactory()
    barrier = threading.Barrier(2)
    model, pages = collection.embedding_model, {}

    def work(name):
        [document] = embedded(collection, {name: "Bread."})
        with transaction.atomic():
            made = [
                Passage.objects.create(
                    document=document,
                    collection=collection,
                    model=model,
                    ordinal=n + 1,
                    text="Rye bread.",
                    start=0,
                    end=0,
                    token_count=2,
                    term_count=2,
                )
                for n in range(3)
            ]
            barrier.wait(60)
            write(model.pk, [Termed(collection.pk, p.pk, Counter(["rye", "bread"])) for p in made])
            barrier.wait(60)
        pages[name] = {p.pk for p in made}
        connection.close()

    embedded(collection, {"a": "Bread.", "b": "Bread."})
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ["a", "b"]))
    found = found_in(collection, query=["rye"])
    assert set(found.passages.tolist()) == pages["a"] | pages["b"]
    assert found.count == 8


def test_a_single_character_is_found_wherever_it_stands():
    collection = CollectionFactory(language="chinese")
    ids = {
        document.external_id: document.passages.get().pk
        for document in embedded(
            collection, {"a": "機器學習", "b": "飛機", "c": "機", "d": "習機機", "e": "學"}
        )
    }
    found = found_in(collection, query=["機"])
    assert dict(zip(found.passages.tolist(), found.frequencies[:, 0].tolist(), strict=True)) == {
        ids["a"]: 1, ids["b"]: 1, ids["c"]: 1, ids["d"]: 2,
    }  # fmt: skip
    both = found_in(collection, query=["機", "機器"])
    assert both.frequencies[both.passages == ids["a"]].tolist() == [[1, 1]]


def test_phrases_are_read_in_the_text_and_the_title():
    collection = CollectionFactory()
    documents = embedded(
        collection,
        {
            "a": "Fresh rye bread from the oven.",
            "b": "Bread of rye, rye and bread.",
            "c": "Nothing of the kind.",
            "d": "RYE\nBREADS!",
        },
    )
    embedded(collection, {"e": "Words."}, title="On rye bread")
    ids = {one.external_id: one.passages.get().pk for one in collection.documents.all()}
    model, scope = collection.embedding_model_id, Scope((collection.pk,))
    found = postings.with_phrase(scope, model, ["rye", "bread"]).tolist()
    assert sorted(found) == sorted(ids[key] for key in "ade")
    only = Scope((collection.pk,), None, Condition("document.id = %(id)s", {"id": documents[0].pk}))
    assert postings.with_phrase(only, model, ["rye", "bread"]).tolist() == [ids["a"]]
    assert postings.with_phrase(scope, model, []).tolist() == []
    assert sorted(postings.with_phrase(scope, model, ["bread"]).tolist()) == sorted(
        ids[key] for key in "abde"
    )
    assert postings.holding(scope, model, "oven").tolist() == [ids["a"]]


def test_a_beginning_is_completed_commonest_first(collection):
    embedded(collection, {"o": "Organization, organs, orchestra, orchestra."}, title="Oven")
    model, scope = collection.embedding_model_id, Scope((collection.pk,))
    assert postings.expand(scope, model, "orch") == ["orchestra", "orch"]
    assert postings.expand(scope, model, "Organization") == ["organiz"]
    assert postings.expand(scope, model, "o") == []
    assert postings.expand(scope, model, "SQLite_") == ["sqlite_tmpdir"]
    assert postings.expand(scope, model, "or", most=1)[0] in ("orchestra", "organiz")


def test_terms_are_looked_up_by_the_index(collection):
    """In a table of 20,000 lists of which few are wanted."""
    write(
        collection.embedding_model_id,
        [Termed(collection.pk, 10**9, {f"filler{n}": 1 for n in range(20_000)})],
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE collections_app_postinglist")
        values = {
            "collections": [collection.pk],
            "model": collection.embedding_model_id,
            "terms": ["bread", "rye"],
            "common": 9,
        }
        for statement, more in (
            (postings.LISTS.format(terms="term = ANY(%(terms)s)"), {}),
            (postings.EXPAND, {"begin": "bre", "end": "brf", "most": 9}),
        ):
            cursor.execute(f"EXPLAIN {statement}", values | more)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "collections_app_postinglist_pkey" in plan
            assert "Seq Scan on collections_app_postinglist" not in plan


class AnyHistory(TestCase):
    """Whatever happens to a collection, its lists are what is counted over its texts."""

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["add", "add", "edit", "delete", "merge", "clean"]),
                st.integers(0, 5),
                st.lists(st.sampled_from([*WORDS, "機器", "機"]), min_size=1, max_size=6),
            ),
            max_size=8,
        )
    )
    def test_lists_equal_a_plain_count(self, history):
        collection = CollectionFactory()
        embedded(collection, texts(3))
        for step, number, words in history:
            document = collection.documents.filter(external_id=f"d{number}")
            if step == "add" and not document:
                embedded(collection, {f"d{number}": " ".join(words)})
            elif step == "edit" and document:
                services.edit_document(document.get(), body=" ".join(words))
                ingest.run()
            elif step == "delete":
                services.delete_documents(document)
            elif step == "merge":
                ingest.merge(9)
                pool = Pool(collection.pk, collection.embedding_model_id)
                merging.merge_pool(pool)
            elif step == "clean":
                ingest.clean()
        check(collection, query=[*WORDS, "機器"])
