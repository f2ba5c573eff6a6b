"""Evaluations as workers and commands do them, on the real model."""

import json

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from search_app import quality, tasks
from search_app.analysis.weights import Weights
from search_app.evaluation import alerts, judging, nightly, tuning, weighing, work
from search_app.evaluation.searching import KEYWORDS_ONLY, MEANING_ONLY
from search_app.models import Evaluation, JudgedQuery
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

TEXTS = {
    "bread": "Kneading and baking sourdough loaves.",
    "ship": "The schooner left port under full sail.",
    "tax": "Filing the yearly income declaration, form K17.",
}
VAGUE = {"something to eat": "bread", "boats on the sea": "ship", "money owed to the state": "tax"}


@pytest.fixture
def collection():
    made = CollectionFactory(real=True, owner=UserFactory(is_superuser=True, username="admin"))
    embedded(made, TEXTS)
    for text, right in VAGUE.items():
        judging.write(made, made.owner, text, {right: 2}, shared=True)
    return made


def done(collection, kind="manual", **wanted):
    made = quality.request(collection, collection.owner, kind, **wanted)
    assert quality.run(made.pk) is True
    made.refresh_from_db()
    assert (made.state, made.error) == ("ready", "")
    return made


def test_a_run_that_is_cancelled_stops_at_its_next_word(collection, monkeypatch):
    made = quality.request(collection, collection.owner)
    monkeypatch.setattr(work, "REPORT_SECONDS", 0)
    searched = []
    tick = work._Task.tick

    def cancelled(task):
        searched.append(1)
        if len(searched) == 1:
            quality.cancel(made)
        tick(task)

    monkeypatch.setattr(work._Task, "tick", cancelled)
    assert quality.run(made.pk) is False
    made.refresh_from_db()
    assert (len(searched), made.state, made.figures) == (1, "failed", {})
    assert quality.run(made.pk) is False  # nor does any other begin it


def test_meaning_finds_what_keywords_do_not(collection):
    made = done(collection, "comparison", weights=KEYWORDS_ONLY, other=MEANING_ONLY)
    other = made.figures["other"]["measures"]
    assert other["mrr"]["mean"] == 1.0
    assert made.figures["measures"]["mrr"]["mean"] < 1.0
    gain = made.figures["difference"]["mrr"]
    assert gain["mean"] == pytest.approx(1.0 - made.figures["measures"]["mrr"]["mean"], abs=1e-5)
    assert (made.done, made.total, made.figures["queries"]) == (6, 6, 3)


def test_a_claim_that_was_lost_records_nothing(collection, monkeypatch):
    made = quality.request(collection, collection.owner)
    monkeypatch.setattr(work, "REPORT_SECONDS", 0.0)

    def take_over(*_args, **_options):
        Evaluation.objects.filter(pk=made.pk).update(claim_token=None)
        return []

    monkeypatch.setattr("search_app.evaluation.searching.Seeker.found", take_over)
    assert quality.run(made.pk) is False
    made.refresh_from_db()
    assert (made.state, made.figures) == ("queued", {})


def test_an_evaluation_that_is_held_is_not_taken_again(collection):
    made = quality.request(collection, collection.owner)
    assert work.waiting() == [made.pk]
    assert quality.run(made.pk) is True
    assert (quality.run(made.pk), work.waiting()) == (False, [])


def test_weights_in_force_are_the_collections_then_the_models_then_the_sites(collection):
    assert weighing.in_force(collection) == Weights()
    own = Weights.from_json({"keywords": 0.5})
    weighing.apply(collection, own)
    assert weighing.in_force(collection) == own
    weighing.apply(collection, Weights.from_json({"keywords": 0.7}))
    weighing.revert(collection)
    assert weighing.in_force(collection) == own
    weighing.revert(collection)
    assert weighing.in_force(collection) == Weights()


def test_tuning_keeps_only_what_is_better_and_stops_in_time():
    def value(weights):
        return 1 - abs(weights.keywords - 0.2) - abs(weights.full_match - 1.0)

    found = tuning.tune(Weights(keywords=0.05, full_match=1.0), value, lambda: False, seed=1)
    assert found.weights.keywords == pytest.approx(0.2, rel=0.1)
    assert found.weights.full_match == 1.0
    assert found == tuning.tune(
        Weights(keywords=0.05, full_match=1.0), value, lambda: False, seed=1
    )
    late = tuning.tune(Weights(), value, lambda: True)
    assert (late.weights, late.tried) == (Weights(), 1)


def test_tuning_needs_queries_and_tells_what_it_gains_on_the_half_held_out(collection):
    few = quality.request(collection, collection.owner, "tuning")
    quality.run(few.pk)
    few.refresh_from_db()
    assert (few.state, "needs 10 judged queries" in few.error) == ("failed", True)
    for n in range(7):
        judging.write(collection, collection.owner, f"sourdough {n}", {"bread": 1})
    made = done(collection, "tuning", seconds=1)
    assert made.figures["halves"] == {"tuned": 5, "held": 5}
    assert sorted(line["half"] for line in made.queries) == ["held"] * 5 + ["tuned"] * 5
    assert made.figures["tuned_half"]["ndcg"]["mean"] >= 0
    assert weighing.own(collection) is None  # nothing changes until it is applied


def night(collection, values):
    """A nightly run that found these figures, one for each query in order."""
    queries = list(JudgedQuery.objects.order_by("pk").values_list("pk", flat=True))
    one = {"recall": 1.0, "mrr": 1.0, "precision": 0.2}
    return Evaluation.objects.create(
        collection=collection,
        owner=collection.owner,
        kind="nightly",
        state="ready",
        ndcg=sum(values) / len(values),
        queries=[{"query": pk, "ndcg": v, **one} for pk, v in zip(queries, values, strict=False)],
    )


def test_a_nightly_fall_is_told_once_and_accepted(collection, monkeypatch):
    for n in range(4):
        judging.write(collection, collection.owner, f"sourdough {n}", {"bread": 1}, shared=True)
    tasks.evaluate_nightly()
    for pk in work.waiting():
        assert work.run(pk)
    good = Evaluation.objects.get()
    assert (good.kind, good.shared, good.fallen, good.ndcg) == ("nightly", True, False, 1.0)
    monkeypatch.setattr("search_app.evaluation.searching.Seeker.found", lambda *_a, **_o: [])
    for fallen, mails in ((True, 1), (True, 1)):
        [pk] = nightly.ask()
        work.run(pk)
        worse = Evaluation.objects.get(pk=pk)
        assert (worse.fallen, len(mail.outbox)) == (fallen, mails)
    assert worse.figures["fall"]["mean"] == -1.0
    assert collection.name in mail.outbox[0].subject
    assert mail.outbox[0].to == [collection.owner.email]
    assert "-1.000" in mail.outbox[0].body
    quality.accept(worse)
    [pk] = nightly.ask()
    work.run(pk)
    assert (Evaluation.objects.get(pk=pk).fallen, len(mail.outbox)) == (False, 1)


@pytest.mark.parametrize(
    ("now", "fallen"),
    [([0.9] * 6, True), ([0.99] * 6, False), ([1.0] * 5 + [0.8], False), ([1.0] * 4, False)],
)
def test_only_a_fall_beyond_chance_and_the_threshold_counts(collection, now, fallen):
    for n in range(3):
        judging.write(collection, collection.owner, f"sourdough {n}", {"bread": 1})
    night(collection, [1.0] * 6)
    run = night(collection, now)
    figures = {line["query"]: line for line in run.queries}
    assert (alerts.fall(run, figures) is not None) is fallen


def test_old_evaluations_go(collection, monkeypatch):
    monkeypatch.setattr(nightly, "KEPT", 2)
    made = [night(collection, [1.0]).pk for _n in range(4)]
    nightly.prune()
    assert sorted(Evaluation.objects.values_list("pk", flat=True)) == made[2:]


def test_command_prints_figures_and_json(collection, capsys):
    call_command("evaluate", collection.name)
    assert "nDCG@10" in capsys.readouterr().out
    call_command("evaluate", collection.name, "--meaning-only", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["weights"]["keywords"] == 0
    assert len(told["by_query"]) == 3
    call_command("evaluate", collection.name, "--compare", "keywords-only", '{"keywords": 0.1}')
    assert "->" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--at-least", "2"], 1),
        (["--weights", '{"nonsense": 1}'], 1),
        (["--apply"], 2),
        (["--revert"], 1),
        (["--seconds", "0"], 1),
    ],
)
def test_command_fails_by_its_status(collection, arguments, status):
    with pytest.raises(CommandError) as failed:
        call_command("evaluate", collection.name, *arguments)
    assert failed.value.returncode == status


def test_a_folder_in_beirs_form_goes_in_and_its_bad_lines_are_told(tmp_path, capsys):
    owner = UserFactory(is_superuser=True)
    corpus = [
        {"_id": "a b", "title": "Ships", "text": "They sail.", "metadata": {"year": 1900}},
        {"_id": 7, "title": "Only a title", "text": ""},
        {"_id": "", "text": "no id"},
    ]
    lines = [json.dumps(one) for one in corpus]
    (tmp_path / "corpus.jsonl").write_text("\n".join([*lines, "{broken", "[]"]))
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "ships"}\n{"_id": "r"}\n')
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq\ta b\t1\nq\tx\tmany\nz\ta b\t1\nq\tgone\t9\n"
    )
    call_command("import_beir", tmp_path, "--collection", "Beir", "--owner", owner.username)
    told = capsys.readouterr()
    bad = [line.split(": ")[0] for line in told.err.splitlines()]
    assert bad == [
        "corpus.jsonl:3",
        "corpus.jsonl:4",
        "corpus.jsonl:5",
        "queries.jsonl:2",
        "qrels/test.tsv:3",
        "qrels/test.tsv:4",
    ]
    assert "1 queries, 2 judgements, 1 judged documents not in the collection" in told.out
    query = JudgedQuery.objects.get()
    kept = dict(query.judgements.values_list("external_id", "grade"))
    assert (query.name, query.shared, kept) == ("q", True, {"a b": 1, "gone": 3})
    documents = query.collection.documents.order_by("external_id")
    assert [(d.external_id, d.title, d.metadata) for d in documents] == [
        ("7", "Only a title", {}),
        ("a b", "Ships", {"year": 1900}),
    ]
    call_command("evaluate", "Beir", "--owner", owner.username, "--at-least", "0.1")


def test_without_a_corpus_it_says_what_is_missing(tmp_path):
    UserFactory(is_superuser=True)
    with pytest.raises(CommandError, match=r"There is no .*corpus.jsonl"):
        call_command("import_beir", tmp_path, "--collection", "None")
