"""The API of judged queries, evaluations and weights."""

import io
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from search_app import quality
from search_app.models import Evaluation, JudgedQuery, RankingWeights
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

TEXTS = {"bread": "Bread dough rises in the oven.", "ship": "Ships sail from the harbour."}
JUDGED = {"text": "ships that sail", "judgements": [{"external_id": "ship", "grade": 3}]}


@pytest.fixture
def collection(client):
    made = CollectionFactory()
    embedded(made, TEXTS)
    client.force_login(made.owner)
    return made


def post(client, place, data=None):
    return client.post(place, data or {}, content_type="application/json")


def judge(client, collection, **changes):
    return post(client, f"/api/collections/{collection.pk}/judged-queries/", JUDGED | changes)


def evaluate(client, collection, **wanted):
    made = post(client, f"/api/collections/{collection.pk}/evaluations/", wanted)
    assert made.status_code == 202, made.text
    quality.run(made.json()["id"])
    return client.get(f"/api/evaluations/{made.json()['id']}/").json()


def test_a_judged_query_is_written_read_changed_and_deleted(client, collection):
    made = judge(client, collection)
    assert made.status_code == 201
    told = made.json()
    assert (told["text"], told["source"], told["mine"], told["count"], told["shared"]) == (
        "ships that sail",
        "typed",
        True,
        1,
        False,
    )
    place = f"/api/judged-queries/{told['id']}/"
    assert client.get(place).json()["judgements"] == JUDGED["judgements"]
    changed = {"text": "a vessel", "shared": True, "judgements": []}
    again = client.put(place, changed, content_type="application/json").json()
    assert (again["text"], again["shared"], again["judgements"]) == ("a vessel", True, [])
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"text": "x" * 2001},
        {"judgements": [{"external_id": "ship", "grade": 4}]},
        {"judgements": [{"external_id": "", "grade": 1}]},
        {"judgements": "all"},
    ],
)
def test_what_makes_no_sense_is_refused(client, collection, changes):
    assert judge(client, collection, **changes).status_code == 400
    assert not JudgedQuery.objects.exists()


def test_the_same_query_is_judged_once(client, collection):
    assert judge(client, collection).status_code == 201
    again = judge(client, collection)
    assert (again.status_code, "already" in again.text) == (400, True)


def test_files_go_in_and_come_out_the_same(client, collection):
    queries = '{"_id": "q1", "text": "ships"}\n{"_id": "q2", "text": "bread"}\nnonsense\n'
    qrels = "query-id\tcorpus-id\tscore\nq1\tship\t3\nq2\tbread\t1\nq2\tgone\t1\nq9\tship\t1\n"
    place = f"/api/collections/{collection.pk}/judged-queries"
    told = post(client, f"{place}/import/", {"queries": queries, "qrels": qrels}).json()
    assert (told["queries"], told["judgements"], told["absent"]) == (2, 3, 1)
    assert [one.split(": ")[0] for one in told["problems"]] == ["queries:3", "qrels:5"]
    for form, names in {
        "beir": ("queries.jsonl", "qrels/test.tsv"),
        "trec": ("topics.txt", "qrels.txt"),
    }.items():
        packed = zipfile.ZipFile(io.BytesIO(client.get(f"{place}/export/?form={form}").content))
        files = [packed.read(name).decode() for name in names]
        before = kept(collection)
        JudgedQuery.objects.all().delete()
        sent = dict(zip(("queries", "qrels"), files, strict=True))
        assert post(client, f"{place}/import/", sent).json()["problems"] == []
        assert kept(collection) == before
    assert client.get(f"{place}/export/?form=xml").status_code == 400


def kept(collection):
    return [
        (one.name, one.text, [(j.external_id, j.grade) for j in one.judgements.all()])
        for one in collection.judged_queries.order_by("name")
    ]


def test_an_evaluation_is_run_in_the_background(client, collection):
    judge(client, collection)
    place = f"/api/collections/{collection.pk}/evaluations/"
    made = post(client, place)
    assert (made.status_code, made.json()["state"]) == (202, "queued")
    quality.run(made.json()["id"])
    told = client.get(f"/api/evaluations/{made.json()['id']}/").json()
    assert (told["state"], told["figures"]["queries"]) == ("ready", 1)
    assert told["figures"]["measures"]["ndcg"] == {"mean": 1.0, "low": None, "high": None}
    assert [one["ndcg"] for one in told["queries"]] == [1.0]
    assert [one["id"] for one in client.get(place).json()["results"]] == [told["id"]]


def test_without_judged_queries_it_says_what_to_do(client, collection):
    told = evaluate(client, collection)
    assert (told["state"], "Judge some first" in told["error"]) == ("failed", True)


def test_settings_are_compared_and_the_second_applied_and_taken_back(client, collection):
    judge(client, collection)
    told = evaluate(client, collection, kind="comparison", other={"keywords": 0, "full_match": 0})
    assert told["figures"]["difference"]["ndcg"]["mean"] == 0.0
    assert told["figures"]["other"]["weights"]["keywords"] == 0
    applied = post(client, f"/api/evaluations/{told['id']}/apply/").json()
    assert (applied["own"], applied["in_force"]["keywords"]) == (True, 0)
    place = f"/api/collections/{collection.pk}/weights/"
    assert client.get(place).json() == applied
    assert post(client, f"{place}revert/").json()["own"] is False
    assert post(client, f"{place}revert/").status_code == 400
    assert not RankingWeights.objects.exists()


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "nightly"},
        {"weights": {"nonsense": 1}},
        {"kind": "comparison", "other": {"meaning": -1}},
        {"seconds": 0},
        {"weights": [1]},
    ],
)
def test_evaluations_that_make_no_sense_are_refused(client, collection, wanted):
    answer = post(client, f"/api/collections/{collection.pk}/evaluations/", wanted)
    assert answer.status_code == 400
    assert not Evaluation.objects.exists()


def test_others_see_only_what_they_may(client, collection):
    judge(client, collection)
    told = evaluate(client, collection)
    collection.visibility = "public"
    collection.save()
    client.force_login(UserFactory())
    assert judge(client, collection, text="my own").status_code == 201
    listed = client.get(f"/api/collections/{collection.pk}/judged-queries/").json()["results"]
    assert [one["text"] for one in listed] == ["my own"]
    for place in (
        f"/api/collections/{collection.pk}/evaluations/",
        f"/api/collections/{collection.pk}/weights/",
        f"/api/collections/{collection.pk}/judged-queries/export/",
        f"/api/evaluations/{told['id']}/",
    ):
        assert client.get(place).status_code == 404
    client.force_login(collection.owner)
    listed = client.get(f"/api/collections/{collection.pk}/judged-queries/").json()["results"]
    assert [one["text"] for one in listed] == [JUDGED["text"]]


@pytest.mark.parametrize("name", ["judged-queries", "evaluations"])
def test_lists_cost_the_same_for_one_and_three(client, collection, name):
    def add(n):
        judge(client, collection, text=f"query {n}")
        Evaluation.objects.create(collection=collection, owner=collection.owner)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/api/collections/{collection.pk}/{name}/")
        return len(queries)

    add(0)
    one = cost()
    add(1)
    add(2)
    assert cost() == one
