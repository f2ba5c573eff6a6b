"""The pages about quality: judged queries, runs, comparison, weights, thumbs and clicks."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from search_app import quality
from search_app.evaluation import feedback, judging
from search_app.models import Evaluation, FeedbackChoice, JudgedQuery, Judgement, RankingWeights
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

TEXTS = {"bread": "Bread dough rises in the oven.", "ship": "Ships sail from the harbour."}


@pytest.fixture
def collection(client):
    made = CollectionFactory()
    embedded(made, TEXTS)
    client.force_login(made.owner)
    return made


def judge(collection, text="ships that sail", grades=None, **fields):
    return judging.write(collection, collection.owner, text, grades or {"ship": 3}, **fields)


def place(name, *args):
    return reverse(name, args=args)


def run(client, collection, **sent):
    answer = client.post(place("quality", collection.pk), sent)
    assert answer.status_code == 302, answer.text
    made = Evaluation.objects.latest("pk")
    assert answer["Location"] == place("evaluation", made.pk)
    return made


def test_without_judged_queries_the_page_says_how_to_begin(client, collection):
    shown = client.get(place("quality", collection.pk)).text
    assert "No judged queries yet" in shown
    assert place("judged_new", collection.pk) in shown
    assert "Tune" not in shown


def test_a_query_is_typed_its_hits_graded_and_kept(client, collection):
    new = place("judged_new", collection.pk)
    shown = client.get(new, {"q": "sail"}).text
    assert shown.count('<select name="grade"') == 3  # both documents, and one by its id
    sent = {"text": "sail", "id": ["ship", "bread", "elsewhere"], "grade": ["3", "", "1"]}
    assert client.post(new, sent)["Location"] == place("judged_list", collection.pk)
    query = JudgedQuery.objects.get()
    assert dict(query.judgements.values_list("external_id", "grade")) == {
        "ship": 3,
        "elsewhere": 1,
    }
    assert (query.source, query.shared, query.owner) == ("typed", False, collection.owner)
    listed = client.get(place("judged_list", collection.pk)).text
    assert place("judged", query.pk) in listed
    assert "2 judgements" in listed
    edit = place("judged", query.pk)
    shown = client.get(edit).text
    assert "1 judged document is not in the collection" in shown
    assert "elsewhere" not in shown
    client.post(edit, {"text": "sails", "id": ["ship"], "grade": ["2"], "shared": "on"})
    query.refresh_from_db()
    assert (query.text, query.shared, query.judgements.count()) == ("sails", True, 2)
    assert query.judgements.get(external_id="ship").grade == 2
    client.post(place("judged_delete", query.pk))
    assert not JudgedQuery.objects.exists()


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
def test_a_query_that_cannot_be_searched_is_refused(client, collection, text):
    answer = client.post(place("judged_new", collection.pk), {"text": text})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_files_are_taken_and_bad_lines_are_told(client, collection):
    files = {
        "queries": SimpleUploadedFile("topics.tsv", b"1\tships\nbroken\n"),
        "qrels": SimpleUploadedFile("qrels.txt", b"1 0 ship 2\n1 0\n"),
    }
    shown = client.post(place("judged_import", collection.pk), files).text
    assert "1 query came in. 1 judgement came in." in shown
    assert "topics.tsv:2:" in shown
    assert "qrels.txt:2:" in shown
    garbage = {"qrels": SimpleUploadedFile("qrels.txt", b"\x00\xff\xfe" * 100)}
    shown = client.post(place("judged_import", collection.pk), garbage).text
    assert ("No judgement came in" in shown, "callout--success" in shown) == (True, False)
    packed = client.get(place("judged_export", collection.pk))
    assert packed["Content-Type"] == "application/zip"
    assert io.BytesIO(packed.content).read(2) == b"PK"
    assert client.post(place("judged_import", collection.pk), {}).status_code == 422


def test_a_run_is_asked_for_waited_for_and_shown(client, collection):
    judge(collection)
    assert 'value="null"' not in client.get(place("quality", collection.pk)).text
    made = run(client, collection, kind="manual")
    assert run(client, collection, kind="manual") == made  # a double click
    assert run(client, collection, kind="tuning", seconds="30") != made
    Evaluation.objects.exclude(pk=made.pk).delete()
    poll = f'hx-get="{place("evaluation_state", made.pk)}"'
    assert poll in client.get(place("evaluation", made.pk)).text
    waiting = client.get(place("evaluation_state", made.pk))
    assert "HX-Refresh" not in waiting
    quality.run(made.pk)
    assert client.get(place("evaluation_state", made.pk))["HX-Refresh"] == "true"
    shown = client.get(place("evaluation", made.pk)).text
    assert poll not in shown
    assert "ships that sail" in shown
    page = client.get(place("quality", collection.pk)).text
    assert page.count("1.000") >= 4
    assert "<polyline" not in page
    for _again in range(2):
        quality.run(run(client, collection, kind="manual").pk)
    assert client.get(place("quality", collection.pk)).text.count("<circle") == 3


def test_only_so_many_runs_wait_at_once(client, collection):
    judge(collection)
    for seconds in range(10, 15):
        run(client, collection, kind="tuning", seconds=seconds)
    answer = client.post(place("quality", collection.pk), {"kind": "manual"})
    assert (answer.status_code, "Several evaluations are waiting" in answer.text) == (422, True)


def test_a_run_is_cancelled_where_it_is_not_done(client, collection):
    judge(collection)
    made = run(client, collection, kind="manual")
    page = client.get(place("evaluation", made.pk)).text
    assert place("evaluation_cancel", made.pk) in page
    client.post(place("evaluation_cancel", made.pk))
    made.refresh_from_db()
    assert made.state == "failed"
    assert "It was cancelled." in client.get(place("evaluation", made.pk)).text
    told = client.post(place("evaluation_cancel", made.pk), follow=True).text
    assert "there is nothing to cancel" in told


def test_a_failure_is_told(client, collection):
    made = Evaluation.objects.create(
        collection=collection, owner=collection.owner, state="failed", error="Too <few>."
    )
    assert "Too &lt;few&gt;." in client.get(place("evaluation", made.pk)).text


def test_two_settings_are_compared_query_by_query(client, collection):
    judge(collection, "harbour", {"ship": 1})
    judge(collection, "a vessel", {"ship": 3})
    made = run(client, collection, kind="comparison", first="current", second="current")
    Evaluation.objects.filter(pk=made.pk).update(weights={"meaning": 0.0})
    quality.run(made.pk)
    made.refresh_from_db()
    gains = {line["query"]: line["other"]["ndcg"] - line["ndcg"] for line in made.queries}
    shown = client.get(place("evaluation", made.pk)).context["lines"]
    assert [abs(line["gain"]) for line in shown] == sorted(map(abs, gains.values()), reverse=True)
    client.post(place("evaluation_apply", made.pk))
    assert RankingWeights.objects.get().weights == made.figures["other"]["weights"]
    client.post(place("weights_revert", collection.pk))
    assert not RankingWeights.objects.exists()
    told = client.post(place("weights_revert", collection.pk), follow=True).text
    assert "nothing to go back to" in told


@pytest.mark.parametrize("changes", ["{", "[1]", '{"nonsense": 1}', '{"meaning": -1}'])
def test_weights_that_make_no_sense_are_refused(client, collection, changes):
    judge(collection)
    sent = {"kind": "comparison", "first": "current", "second": "current", "changes": changes}
    assert client.post(place("quality", collection.pk), sent).status_code == 422
    assert not Evaluation.objects.exists()


def test_a_fall_stands_on_the_page_until_it_is_accepted(client, collection):
    judge(collection)
    fallen = Evaluation.objects.create(
        collection=collection,
        owner=collection.owner,
        kind="nightly",
        state="ready",
        fallen=True,
        finished=timezone.now(),
        figures={"fall": {"mean": -0.2, "low": -0.3, "high": -0.1}},
    )
    Evaluation.objects.filter(pk=fallen.pk).update(weights={"meaning": 1.0})  # not charted
    page = place("quality", collection.pk)
    assert "Search has become worse" in client.get(page).text
    client.post(place("evaluation_accept", fallen.pk))
    assert "Search has become worse" not in client.get(page).text


def test_thumbs_are_kept_taken_back_and_ones_own(client, collection):
    document = collection.documents.get(external_id="ship")
    say = place("thumb", document.pk)
    answer = client.post(say, {"q": "sail", "say": "up"}, headers={"HX-Request": "true"})
    assert 'aria-pressed="true"' in answer.text
    assert feedback.thumbs(collection.owner, "sail", [document]) == {document.pk: 2}
    assert feedback.thumbs(UserFactory(), "sail", [document]) == {}
    client.post(say, {"q": "sail", "say": "down"})
    assert Judgement.objects.get().grade == 0
    answer = client.post(say, {"q": "sail", "say": "none", "next": "/search/?q=sail"})
    assert answer["Location"] == "/search/?q=sail"
    assert not JudgedQuery.objects.exists()
    assert client.post(say, {"q": "sail", "say": "up", "next": "https://evil.example/"})[
        "Location"
    ] == place("search")
    assert client.post(say, {"q": "", "say": "up"}).status_code == 400
    assert client.post(say, {"q": "x", "say": "maybe"}).status_code == 400
    client.force_login(UserFactory())
    assert client.post(say, {"q": "sail", "say": "up"}).status_code == 404


def test_opened_results_are_kept_only_by_choice_and_deleted_at_once(client, collection):
    user = collection.owner
    document = collection.documents.get(external_id="ship")
    passage = document.passages.get()
    link = f"{place('opened')}?t={feedback.token(user, passage.pk, 'sail')}"
    assert client.get(link)["Location"] == passage.get_absolute_url()
    assert not JudgedQuery.objects.exists()
    client.post(place("feedback"), {"clicks": "on"})
    assert FeedbackChoice.objects.get(user=user).clicks is True
    client.get(link)
    query = JudgedQuery.objects.get()
    assert (query.source, query.text, query.shared) == ("click", "sail", False)
    assert query.judgements.get().grade == 1
    client.post(place("feedback"), {"clicks": "on", "shared": "on"})
    query.refresh_from_db()
    assert query.shared is True
    client.post(place("feedback_delete"), {"what": "click"})
    assert not JudgedQuery.objects.exists()
    other = UserFactory()
    client.force_login(other)
    assert client.get(link).status_code == 404
    assert client.get(place("opened")).status_code == 404


def test_deleting_all_of_mine_leaves_what_was_typed_and_others(client, collection):
    judge(collection)
    document = collection.documents.get(external_id="ship")
    feedback.thumb(collection.owner, document, "sail", 2)
    feedback.thumb(UserFactory(), document, "sail", 2)
    client.post(place("feedback_delete"))
    assert sorted(JudgedQuery.objects.values_list("source", flat=True)) == ["thumbs", "typed"]


def test_only_a_number_of_opened_results_is_kept(collection, monkeypatch):
    monkeypatch.setattr(feedback, "MOST_CLICKED", 2)
    feedback.choose(collection.owner, clicks=True, shared=False)
    document = collection.documents.get(external_id="ship")
    for n in range(4):
        feedback.click(collection.owner, document, f"query {n}")
    kept = JudgedQuery.objects.order_by("pk").values_list("text", flat=True)
    assert list(kept) == ["query 2", "query 3"]


def test_others_do_not_see_the_page(client, collection):
    collection.visibility = "public"
    collection.save()
    shared, own = judge(collection, shared=True), judge(collection, "bread", {"bread": 1})
    client.force_login(UserFactory())
    for name in ("quality", "judged_import", "judged_export"):
        assert client.get(place(name, collection.pk)).status_code == 404
    for query in (shared, own):
        assert client.get(place("judged", query.pk)).status_code == 404
    assert "No judged queries yet" in client.get(place("judged_list", collection.pk)).text


def test_cost_does_not_grow(client, collection):
    def cost(name):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(place(name, collection.pk)).status_code == 200
        return len(queries)

    def add(n):
        judge(collection, f"query {n}")
        quality.run(quality.request(collection, collection.owner).pk)

    add(0)
    add(1)
    before = [cost(name) for name in ("quality", "judged_list")]
    add(2)
    add(3)
    assert [cost(name) for name in ("quality", "judged_list")] == before


def test_hits_have_thumbs_and_lead_by_way_of_what_is_kept(client, collection):
    def shown():
        return client.get(place("search"), {"q": "sail", "c": collection.pk}).text

    assert shown().count('name="say"') == 4
    assert place("opened") not in shown()
    feedback.choose(collection.owner, clicks=True, shared=False)
    ship = collection.documents.get(external_id="ship")
    feedback.thumb(collection.owner, ship, "sail", 2)
    page = shown()
    assert page.count(place("opened")) == 2
    assert page.count('aria-pressed="true"') == 1
    collection.visibility = "public"
    collection.save()
    client.logout()
    assert 'name="say"' not in shown()
