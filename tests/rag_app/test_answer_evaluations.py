"""Test questions of a collection, and runs over them: pages, API, command, worker."""

import json
import time
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from collections_app.services import Rejected, delete_documents
from rag_app import answer, quality, tasks
from rag_app.answer import chats, measuring
from rag_app.answer.measuring import Known, Measured
from rag_app.evaluation import questions, work
from rag_app.models import AnswerEvaluation, MeasuredAnswer, Question
from tests.factories import CollectionFactory, UserFactory
from tests.rag_app.chat_server import streamed

pytestmark = pytest.mark.django_db

BACKUP = "How is the sqlite backup run every night?"
GIVEN = [
    Known(BACKUP, ("backup",), ("every night", "no such words")),
    Known("Spring tides follow the full moon?", ("tides",)),
    Known("zebra quasar?"),
]


@pytest.fixture
def collection(client, notes, no_chat):
    client.force_login(notes.owner)
    return notes


@pytest.fixture
def filled(collection):
    questions.bring_in(collection, GIVEN)
    return collection


def place(name, *args):
    return reverse(name, args=args)


def post(client, address, data=None):
    return client.post(address, data or {}, content_type="application/json")


def done(collection, chat=""):
    """A run, as a worker does it."""
    made = quality.request(collection, collection.owner, chat)
    assert quality.run(made.pk) is False  # in one go
    made.refresh_from_db()
    return made


def kept(collection):
    rows = collection.test_questions.order_by("pk")
    return list(rows.values_list("text", "documents", "facts"))


# Questions


def test_without_questions_the_page_says_how_to_begin(client, collection):
    shown = client.get(place("answer_quality", collection.pk)).text
    assert "No test questions yet" in shown
    assert place("test_question_new", collection.pk) in shown
    assert place("test_questions_import", collection.pk) in shown
    assert (
        place("answer_quality", collection.pk) in client.get(place("quality", collection.pk)).text
    )
    answer = client.post(place("answer_quality", collection.pk), {"chat": "quotes"})
    assert (answer.status_code, "no test questions yet" in answer.text) == (422, True)


def test_a_question_is_typed_its_documents_ticked_and_kept(client, collection):
    new = place("test_question_new", collection.pk)
    shown = client.get(new, {"q": BACKUP}).text
    assert 'value="backup"' in shown
    sent = {"text": BACKUP, "document": "backup", "more": "tides\n", "facts": " a|b \n\nc"}
    assert client.post(new, sent)["Location"] == place("test_questions", collection.pk)
    assert kept(collection) == [(BACKUP, ["backup", "tides"], ["a|b", "c"])]
    edit = place("test_question", collection.test_questions.get().pk)
    shown = client.get(edit).text
    assert shown.count("checked") == 2
    client.post(edit, {"text": "Who?", "unanswerable": "on"})
    assert kept(collection) == [("Who?", [], [])]
    assert "does not answer it" in client.get(place("test_questions", collection.pk)).text
    client.post(place("test_question_delete", collection.test_questions.get().pk))
    assert kept(collection) == []


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"text": ""}, "required"),
        ({"text": "x" * 4001, "document": "backup"}, "the most is"),
        ({"text": "a"}, "Tick the documents"),
        ({"text": "a", "document": "backup", "unanswerable": "on"}, "Name documents, or say"),
        ({"text": "a", "unanswerable": "on", "facts": "b"}, "no document that they stand in"),
        ({"text": "a", "more": "nowhere"}, "no document with the id “nowhere”"),
        ({"text": "a", "document": "a\0b"}, "callout--error"),
        ({"text": "a", "document": "backup", "facts": "b|"}, "Each way to say a fact"),
        ({"text": "a", "document": "backup", "facts": "b" * 501}, "500 characters"),
        ({"text": BACKUP, "document": "backup"}, "among the test questions already"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_was_typed(client, filled, sent, told):
    before = kept(filled)
    made = client.post(place("test_question_new", filled.pk), sent)
    assert (made.status_code, told in made.text) == (422, True)
    assert sent["text"] in made.text
    assert kept(filled) == before


def test_a_file_goes_in_and_comes_out_the_same(client, collection, tmp_path, capsys):
    rows = [questions.as_file(one) for one in GIVEN]
    file = SimpleUploadedFile("q.json", json.dumps({"questions": rows}).encode())
    address = place("test_questions_import", collection.pk)
    assert "3 questions were added. 0 were changed." in client.post(address, {"file": file}).text
    assert client.get(place("test_questions_export", collection.pk)).json() == {"questions": rows}
    out = tmp_path / "out.json"
    words = (collection.name, "--owner", collection.owner.username, "--answers")
    call_command("evaluate", *words, "--export", str(out))
    assert json.loads(out.read_text()) == {"questions": rows}
    before = kept(collection)
    api = f"/api/collections/{collection.pk}/test-questions"
    assert client.get(f"{api}/export/").json() == {"questions": rows}
    rows[1] |= {"facts": ["moon|Luna"], "documents": ["tides", "gone"]}
    told = post(client, f"{api}/import/", {"questions": [*rows, {"question": "a", "facts": ["b"]}]})
    assert told.json() | {"problems": 1} == {"added": 0, "changed": 1, "absent": 1, "problems": 1}
    assert "Question 4: It has facts" in told.json()["problems"][0]
    assert kept(collection) == [
        before[0],
        (GIVEN[1].question, ["tides", "gone"], ["moon|Luna"]),
        before[2],
    ]
    # What the collection does not have is not named, and stays while the question is edited.
    row = collection.test_questions.get(documents__contains=["gone"])
    listed = client.get(f"/api/test-questions/{row.pk}/").json()
    assert (listed["documents"], listed["absent"], listed["answerable"]) == (["tides"], 1, True)
    assert "gone" not in client.get(place("test_questions_export", collection.pk)).text
    client.post(place("test_question", row.pk), {"text": "Tides?", "document": "tides"})
    row.refresh_from_db()
    assert (row.text, row.documents) == ("Tides?", ["tides", "gone"])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'[{"question": 1}]', b"\xff\xfe"])
def test_a_file_without_questions_is_told(client, collection, content):
    file = SimpleUploadedFile("q.json", content or b" ")
    told = client.post(place("test_questions_import", collection.pk), {"file": file})
    assert told.status_code == 422
    assert "no questions" in told.text or "0 questions" in told.text


def test_only_so_many_questions_are_kept(collection, monkeypatch):
    monkeypatch.setattr(questions, "MOST", 3)
    questions.bring_in(collection, GIVEN)
    with pytest.raises(Rejected, match="3 test questions; these would be 4"):
        questions.write(collection, "One more?", [], [])
    with pytest.raises(Rejected, match="these would be 4"):
        questions.bring_in(collection, [Known("One more?")])
    assert len(kept(collection)) == 3


def test_the_api_writes_lists_and_deletes(client, collection):
    address = f"/api/collections/{collection.pk}/test-questions/"
    sent = {"question": BACKUP, "documents": ["backup"], "facts": ["every night"]}
    made = post(client, address, sent)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in sent} == sent
    assert [one["id"] for one in client.get(address).json()["results"]] == [made.json()["id"]]
    one = f"/api/test-questions/{made.json()['id']}/"
    changed = client.put(one, {"question": "Who?"}, content_type="application/json").json()
    assert (changed["question"], changed["answerable"], changed["facts"]) == ("Who?", False, [])
    for wrong in ({}, sent | {"documents": ["x"]}, sent | {"facts": "all"}, {"question": "Who?"}):
        assert post(client, address, wrong).status_code == 400
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    assert post(client, f"{address}import/", [sent]).json()["added"] == 1  # as the file, a list


def test_a_question_deleted_while_it_was_edited_stays_deleted(filled):
    row = filled.test_questions.get(text=BACKUP)
    filled.test_questions.filter(pk=row.pk).delete()
    with pytest.raises(Rejected, match="deleted meanwhile"):
        questions.write(filled, "Who?", [], [], row)
    assert filled.test_questions.count() == 2


def test_a_question_that_was_asked_is_kept(client, collection):
    asked = answer.ask(collection.owner, BACKUP, collection=collection)
    link = f"{place('test_question_new', collection.pk)}?asked={asked.pk}"
    assert link in client.get(asked.get_absolute_url()).text
    shown = client.get(link)
    first = shown.context["rows"][0]
    assert (first["id"], first["ticked"]) == ("backup", True)
    assert BACKUP in shown.text
    nothing = answer.ask(collection.owner, "zebra quasar?", collection=collection)
    shown = client.get(f"{place('test_question_new', collection.pk)}?asked={nothing.pk}")
    assert shown.context["form"]["unanswerable"].value() is True
    anywhere = answer.ask(collection.owner, BACKUP)
    assert f"?asked={anywhere.pk}" in client.get(anywhere.get_absolute_url()).text
    for wrong in ("x", "00000000-0000-4000-8000-000000000000"):
        assert client.get(f"{link.split('?')[0]}?asked={wrong}").status_code == 404
    collection.visibility = "public"
    collection.save()
    client.force_login(other := UserFactory())
    others = answer.ask(other, BACKUP, collection=collection)
    assert "?asked=" not in client.get(others.get_absolute_url()).text
    assert client.get(link).status_code == 404


# Runs


def test_a_run_is_asked_for_waited_for_and_shown(client, filled):
    page = place("answer_quality", filled.pk)
    assert "have not been asked yet" in client.get(page).text
    answer = client.post(page, {"chat": "quotes"})
    made = AnswerEvaluation.objects.get()
    assert answer["Location"] == place("answer_evaluation", made.pk)
    client.post(page, {"chat": "quotes"})  # a double click
    assert AnswerEvaluation.objects.count() == 1
    poll = f'hx-get="{place("answer_evaluation_state", made.pk)}"'
    assert poll in client.get(place("answer_evaluation", made.pk)).text
    assert "HX-Refresh" not in client.get(place("answer_evaluation_state", made.pk))
    tasks.sweep()  # without a worker: run here
    quality.run(made.pk)
    assert client.get(place("answer_evaluation_state", made.pk))["HX-Refresh"] == "true"
    made.refresh_from_db()
    figures = made.figures
    assert (made.state, made.done, made.total, made.chat) == ("ready", 3, 3, "quotes")
    assert (figures["questions"], figures["answerable"], figures["failed"]) == (3, 2, 0)
    assert {name: one["mean"] for name, one in figures["measures"].items()} == {
        "recall@5": 1.0,
        "facts": 0.5,
        "answered": 1.0,
        "refused": 1.0,
        "supported": 1.0,
        "supporting": 1.0,
        "expected": 1.0,
    }
    assert figures["measures"]["recall@5"]["low"] == 1.0
    assert figures["measures"]["refused"]["low"] is None  # one question has no interval
    assert (figures["model"], figures["prompt"]) == ("fake", {})
    assert Question.objects.count() == 0
    shown = client.get(place("answer_evaluation", made.pk))
    assert [line.wrong for line in shown.context["lines"]] == [["1 fact is missing"], [], []]
    assert "no such words" in shown.text
    assert "Run the sqlite backup command every night." in shown.text
    assert "found at place 1" in shown.text
    assert place("ask") + f"?c={filled.pk}&amp;q=How%20is" in shown.text
    assert "0.500" in client.get(page).text


def test_the_change_is_told_over_questions_that_are_as_they_were(client, filled):
    first = done(filled)
    assert "change" not in first.figures
    backup, tides = (filled.test_questions.get(text=one.question) for one in GIVEN[:2])
    documents = ["backup"]
    questions.write(filled, backup.text, documents, ["every night"], backup)
    MeasuredAnswer.objects.filter(evaluation=first, question=tides).update(
        measured={**MeasuredAnswer.objects.get(question=tides).measured, "found": 0.0}
    )
    second = done(filled)
    change = second.figures["change"]
    assert (change["before"], change["chat"], change["questions"]) == (first.pk, "quotes", 2)
    assert change["measures"]["recall@5"]["mean"] == 1.0
    assert change["measures"]["facts"] is None  # only of the question that was edited
    shown = client.get(place("answer_quality", filled.pk)).text
    assert "over 2 questions that are as they were" in shown
    client.post(place("answer_evaluation_delete", first.pk))
    assert client.get(place("answer_evaluation", second.pk)).status_code == 200


def test_a_chat_model_answers_and_what_it_took_is_told(client, filled, settings, chat_server):
    settings.CHAT_MODEL = "scripted-1"
    chat_server.reply = streamed(
        "Run the sqlite backup command every night [1]. ", "Elephants paint quartz violins [1]."
    )
    page = client.get(place("answer_quality", filled.pk)).text
    assert '<option value="scripted-1"' in page
    made = done(filled)
    assert (made.chat, made.figures["tokens"] > 0) == ("scripted-1", True)
    lines = client.get(place("answer_evaluation", made.pk)).context["lines"]
    told = {line.measured.question: line.wrong for line in lines}
    assert "a sentence without support" in told[BACKUP]
    assert done(filled, chats.QUOTES).figures["change"]["chat"] == "scripted-1"
    with pytest.raises(Rejected, match="no chat model “nobody”"):
        quality.request(filled, filled.owner, "nobody")


def test_a_chat_server_that_is_away_fails_the_run_with_its_reason(filled, settings, client):
    settings.CHAT_BASE_URL, settings.CHAT_MODEL = "http://127.0.0.1:9/v1", "away"
    made = done(filled)
    assert (made.state, "chat server" in made.error.lower()) == ("failed", True)
    shown = client.get(place("answer_evaluation", made.pk)).text
    assert "It could not be done." in shown
    assert "no answer" in shown


def test_a_chat_server_that_is_away_ends_a_run_of_many_slices(collection, monkeypatch):
    asked = []

    def fails(user, home, known, chat):
        asked.append(known)
        time.sleep(0.02)
        return Measured(known.question, True, False, problem="The chat server is away.")

    monkeypatch.setattr(work, "measured", fails)
    monkeypatch.setattr(work, "SLICE_SECONDS", 0.01)
    questions.bring_in(collection, [Known(f"Question {n}?", ("backup",)) for n in range(9)])
    made = quality.request(collection, collection.owner)
    while quality.run(made.pk):
        pass
    made.refresh_from_db()
    assert (made.state, made.error, len(asked)) == ("failed", "The chat server is away.", 3)


def test_a_question_deleted_by_its_asker_while_it_is_answered_ends_no_run(
    filled, settings, chat_server, monkeypatch
):
    settings.CHAT_MODEL = "scripted-1"
    write = measuring.write

    def deletes(question):
        if question.text == BACKUP:
            Question.objects.filter(pk=question.pk).delete()
        else:
            write(question)

    monkeypatch.setattr(measuring, "write", deletes)
    made = done(filled, "scripted-1")
    assert (made.state, made.figures["failed"]) == ("ready", 1)


def test_a_slow_run_lets_go_and_goes_on(filled, monkeypatch):
    monkeypatch.setattr(work, "SLICE_SECONDS", -1.0)
    made = quality.request(filled, filled.owner)
    assert quality.run(made.pk) is True
    made.refresh_from_db()
    assert (made.state, made.done, made.total, made.attempts) == ("queued", 0, 3, 0)
    monkeypatch.setattr(work, "SLICE_SECONDS", 60.0)
    assert quality.run(made.pk) is False
    made.refresh_from_db()
    assert (made.state, made.done) == ("ready", 3)


def test_what_was_measured_before_a_worker_died_is_not_asked_again(filled, monkeypatch):
    made = quality.request(filled, filled.owner)
    asked, real = [], work.measured

    def dies(user, home, known, chat):
        asked.append(known.question)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return real(user, home, known, chat)

    monkeypatch.setattr(work, "measured", dies)
    with pytest.raises(KeyboardInterrupt):
        quality.run(made.pk)
    assert quality.run(made.pk) is False  # its lease stands
    past = timezone.now() - timedelta(seconds=1)
    AnswerEvaluation.objects.update(lease_until=past)
    assert work.waiting() == [made.pk]
    quality.run(made.pk)
    made.refresh_from_db()
    assert (made.state, asked.count(BACKUP), len(asked)) == ("ready", 1, 4)
    again = quality.request(filled, filled.owner)
    AnswerEvaluation.objects.filter(pk=again.pk).update(attempts=99)
    assert (work.give_up(), work.waiting()) == (1, [])


def test_a_run_is_cancelled_deleted_and_only_so_many_wait(client, filled, monkeypatch):
    made = quality.request(filled, filled.owner)
    page = client.get(place("answer_evaluation", made.pk)).text
    assert place("answer_evaluation_cancel", made.pk) in page
    client.post(place("answer_evaluation_cancel", made.pk))
    assert quality.run(made.pk) is False
    assert "It was cancelled." in client.get(place("answer_evaluation", made.pk)).text
    told = client.post(place("answer_evaluation_cancel", made.pk), follow=True).text
    assert "there is nothing to cancel" in told
    running = quality.request(filled, filled.owner)
    real = work.measured

    def cancels(*args):
        AnswerEvaluation.objects.filter(pk=running.pk).update(state="failed", claim_token=None)
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(work, "measured", cancels)
        assert quality.run(running.pk) is False
    assert not MeasuredAnswer.objects.filter(evaluation=running).exists()
    monkeypatch.setattr(quality, "MOST_WAITING", 0)
    told = client.post(place("answer_quality", filled.pk), {"chat": "quotes"})
    assert (told.status_code, "Several evaluations are waiting" in told.text) == (422, True)
    client.post(place("answer_evaluation_delete", made.pk))
    assert not AnswerEvaluation.objects.filter(pk=made.pk).exists()


def test_only_so_many_runs_are_kept(filled, monkeypatch):
    monkeypatch.setattr(quality, "KEPT", 2)
    made = [done(filled).pk for _again in range(3)]
    assert list(AnswerEvaluation.objects.order_by("pk").values_list("pk", flat=True)) == made[1:]


def test_questions_without_their_documents_are_left_out(filled):
    questions.bring_in(filled, [Known("Where is it?", ("gone",))])
    made = done(filled)
    assert (made.total, made.figures["left_out"]) == (3, 1)
    alone = CollectionFactory(owner=filled.owner)
    questions.bring_in(alone, [Known("Where is it?", ("gone",))])
    made = done(alone)
    assert (made.state, "no test question that can be asked" in made.error) == ("failed", True)


def test_words_of_a_deleted_document_are_gone_from_runs(client, filled):
    made = done(filled)
    address = place("answer_evaluation", made.pk)
    assert "sqlite backup command" in client.get(address).text
    delete_documents(filled.documents.filter(external_id="backup"))
    shown = client.get(address).text
    assert "sqlite backup command" not in shown
    assert "Its words are gone" in shown
    rows = client.get(f"/api/answer-evaluations/{made.pk}/questions/").json()["results"]
    assert [(one["answer"] == "", one["ranks"]) for one in rows] == [
        (True, {}),
        (False, {"tides": 1}),
        (True, {}),
    ]


def test_words_of_a_document_deleted_while_it_was_quoted_are_not_kept(filled, monkeypatch):
    measured, drawn = work.measured, []

    def deletes(user, home, known, chat):
        made = measured(user, home, known, chat)
        drawn.extend(made.sources)
        delete_documents(home.documents.filter(pk__in=made.sources))
        return made

    monkeypatch.setattr(work, "measured", deletes)
    made = done(filled)
    rows = MeasuredAnswer.objects.filter(evaluation=made)
    assert drawn
    assert [(one.answer, one.sources) for one in rows] == [("", [])] * 3


def test_the_api_runs_lists_shows_and_deletes(client, filled):
    address = f"/api/collections/{filled.pk}/answer-evaluations/"
    made = post(client, address)
    assert (made.status_code, made.json()["state"], made.json()["chat"]) == (
        202,
        "queued",
        "quotes",
    )
    assert post(client, address, {"chat": "nobody"}).status_code == 400
    quality.run(made.json()["id"])
    one = f"/api/answer-evaluations/{made.json()['id']}/"
    told = client.get(one).json()
    assert (told["state"], told["figures"]["measures"]["facts"]["mean"]) == ("ready", 0.5)
    assert [each["id"] for each in client.get(address).json()["results"]] == [told["id"]]
    rows = client.get(f"{one}questions/").json()["results"]
    assert [(row["answered"], row["ranks"], row["missing"]) for row in rows] == [
        (False, {}, []),
        (True, {"tides": 1}, []),
        (True, {"backup": 1}, ["no such words"]),
    ]
    assert post(client, f"{one}cancel/").status_code == 400
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404


def test_the_command_asks_what_is_stored_and_stores_a_file(collection, tmp_path, capsys):
    file = tmp_path / "questions.json"
    file.write_text(json.dumps([questions.as_file(one) for one in GIVEN]))
    words = (collection.name, "--owner", collection.owner.username, "--answers")
    with pytest.raises(CommandError, match="no test questions yet"):
        call_command("evaluate", *words)
    call_command("evaluate", *words, str(file), "--save", "--chat", "quotes", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["questions"], told["facts"], told["refused"]) == (3, 0.5, 1.0)
    assert len(kept(collection)) == 3
    call_command("evaluate", *words)
    out = capsys.readouterr()
    assert "expected facts in the answer" in out.out
    assert "Kept as evaluation" in out.err
    assert collection.answer_evaluations.count() == 2
    for wrong in (("--save",), ("--chat", "quotes")):
        with pytest.raises(CommandError, match="go with --answers"):
            call_command("evaluate", *words[:3], *wrong)
    with pytest.raises(CommandError, match="--save wants a file"):
        call_command("evaluate", *words, "--save")


def test_others_see_nothing_of_it(client, filled):
    made = done(filled)
    one = filled.test_questions.first()
    filled.visibility = "public"
    filled.save()
    client.force_login(UserFactory())
    for name in ("answer_quality", "test_questions", "test_question_new", "test_questions_export"):
        assert client.get(place(name, filled.pk)).status_code == 404
    assert client.get(place("test_question", one.pk)).status_code == 404
    assert client.get(place("answer_evaluation", made.pk)).status_code == 404
    for address in (
        f"/api/collections/{filled.pk}/test-questions/",
        f"/api/collections/{filled.pk}/answer-evaluations/",
        f"/api/test-questions/{one.pk}/",
        f"/api/answer-evaluations/{made.pk}/questions/",
    ):
        assert client.get(address).status_code == 404
    # Who asked for it and may not edit it any more gets nothing, either.
    asked = quality.request(filled, filled.owner)
    AnswerEvaluation.objects.filter(pk=asked.pk).update(owner=UserFactory())
    quality.run(asked.pk)
    asked.refresh_from_db()
    assert "may no longer edit" in asked.error


def test_cost_does_not_grow(client, collection, count_queries):
    questions.bring_in(collection, GIVEN[:1])
    done(collection)
    done(collection)

    def costs():
        last = AnswerEvaluation.objects.latest("pk").pk
        addresses = (
            place("answer_quality", collection.pk),
            place("test_questions", collection.pk),
            place("answer_evaluation", last),
            f"/api/collections/{collection.pk}/test-questions/",
            f"/api/collections/{collection.pk}/answer-evaluations/",
            f"/api/answer-evaluations/{last}/questions/",
        )
        return [count_queries(lambda one=one: client.get(one)) for one in addresses]

    costs()
    before = costs()
    questions.bring_in(collection, GIVEN[1:])
    done(collection)
    assert costs() == before
