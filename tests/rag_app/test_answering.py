"""From a question to a stored answer, and what its asker may see of it later."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from collections_app import ingest, services
from collections_app.models import Collection, Document
from collections_app.services import Rejected
from rag_app import answer
from rag_app.answer.writing import AT_ONCE
from rag_app.language import chat
from rag_app.models import Answer, Citation, Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.conftest import NOTES

pytestmark = pytest.mark.django_db

QUESTION = "How is the sqlite backup run every night?"
BACKUP = (
    "Run the sqlite backup command every night. "
    "The backup is copied to another machine before sunrise."
)


def asked(collection, text=QUESTION):
    return answer.ask(collection.owner, text, collection=collection)


def read(question):
    """As a later request reads it."""
    return answer.read(Question.objects.select_related("answer").get(pk=question.pk))


def written(question, *pieces, error=None):
    """Have a scripted chat model write the answer; its events and what it was told."""
    model = chat.ScriptedChat(pieces, error)
    return list(answer.stream(question, chat=model)), model.calls


def shape(reading):
    return reading.answer.kind, reading.answer.state, reading.text


# --- quoted -----------------------------------------------------------------------


def test_without_a_chat_model_the_answer_is_quoted(notes, no_chat):
    reading = read(asked(notes))
    assert reading.answer.kind == Answer.Kind.EXTRACTIVE
    assert reading.answer.state == Answer.State.COMPLETE
    assert reading.answer.text == ""
    best = reading.quotes[0]
    assert best.document.external_id == "backup"
    assert best.quote == BACKUP
    assert Document.objects.get(pk=best.document_id).text[best.start : best.end] == best.quote
    assert [c.number for c in reading.citations] == list(range(1, len(reading.citations) + 1))
    assert all(c.current for c in reading.citations)


def test_text_of_a_quoted_answer_is_its_quotes_with_their_numbers(notes, no_chat):
    reading = read(asked(notes))
    assert reading.text.startswith(f"{BACKUP} [1]")
    assert [s.number for s in reading.segments if s.number] == [c.number for c in reading.quotes]


def test_nothing_relevant_shows_the_nearest(notes, no_chat):
    reading = read(asked(notes, "zebra quasar?"))
    assert shape(reading) == (Answer.Kind.NONE, Answer.State.COMPLETE, "")
    assert reading.quotes == []
    assert {c.document.external_id for c in reading.passages} == set(NOTES)
    assert not reading.can_retry


def test_empty_collection_has_nothing_to_say(no_chat):
    reading = read(asked(CollectionFactory()))
    assert shape(reading) == (Answer.Kind.NONE, Answer.State.COMPLETE, "")
    assert reading.citations == []


def test_single_words_are_shown_as_nearest_and_answer_nothing(no_chat):
    collection = CollectionFactory()
    embedded(collection, {"a": "sqlite", "b": "backup"})
    reading = read(asked(collection, "sqlite backup"))
    assert shape(reading) == (Answer.Kind.NONE, Answer.State.COMPLETE, "")
    assert {citation.document.external_id for citation in reading.passages} == {"a", "b"}


def test_without_a_collection_all_that_one_may_see_is_read(notes, no_chat):
    stranger = UserFactory()
    mine = read(answer.ask(notes.owner, QUESTION))
    theirs = read(answer.ask(stranger, QUESTION))
    visitors = read(answer.ask(AnonymousUser(), QUESTION, session_key="s"))
    assert mine.answer.kind == Answer.Kind.EXTRACTIVE
    assert theirs.citations == visitors.citations == []


def test_collection_of_somebody_else_is_refused_like_one_that_is_not_there(notes):
    with pytest.raises(Rejected, match="There is no such collection, or you may not see it"):
        answer.ask(UserFactory(), QUESTION, collection=notes)
    assert not Question.objects.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Write a question first."),
        (" \n\t ", "Write a question first."),
        ("\x00", "Write a question first."),
        (
            "why " * 25_000,
            "The question has 99999 characters; the most is 4000. Shorten it.",
        ),
    ],
)
def test_question_that_cannot_be_asked_says_why(notes, text, message):
    with pytest.raises(Rejected) as caught:
        asked(notes, text)
    assert str(caught.value) == message
    assert not Question.objects.exists()


def test_question_is_kept_without_what_cannot_be_stored(notes, no_chat):
    assert asked(notes, " sqlite\x00 \ud800backup ").text == "sqlite ?backup"


def test_question_longer_than_a_search_may_be_is_answered(notes, no_chat, settings):
    settings.MAX_QUERY_CHARS = 60
    reading = read(asked(notes, QUESTION + " please" * 50))
    assert reading.quotes[0].document.external_id == "backup"


# --- written by a chat model --------------------------------------------------------


def test_chat_model_gets_the_passages_and_its_citations_are_kept(notes, chat_server):
    question = asked(notes)
    assert question.answer.state == Answer.State.PENDING
    events, calls = written(question, "Run the backup ", "nightly [1].", " Always.")
    assert [event.kind for event in events] == ["passages", "text", "text", "text", "done"]
    assert "".join(e.data["text"] for e in events if e.kind == "text") == (
        "Run the backup nightly [1]. Always."
    )
    user = calls[0][1]["content"]
    assert NOTES["backup"].split("\n\n")[1] in user
    assert user.endswith(f"Question: {QUESTION}")
    reading = read(question)
    assert shape(reading) == (
        Answer.Kind.CHAT,
        Answer.State.COMPLETE,
        "Run the backup nightly [1]. Always.",
    )
    assert [(s.text, s.supported) for s in reading.segments if s.number is None] == [
        ("Run the backup nightly ", True),
        (".", True),
        (" Always.", False),
    ]
    assert reading.unsupported
    assert [c.number for c in reading.quotes] == [1]
    assert reading.quotes[0].document.external_id == "backup"


def test_queries_do_not_grow_with_the_passages(chat_server, count_queries):
    counts = []
    for size in (2, 15):
        home = CollectionFactory()
        embedded(home, {f"n{n}": f"The sqlite backup {n} runs every night." for n in range(size)})
        counts.append(count_queries(lambda home=home: asked(home)))
        assert Answer.objects.latest("pk").citations.count() == size
    assert counts[1] <= counts[0] + 1


def test_passages_event_tells_where_each_stands(notes, chat_server):
    events, _ = written(asked(notes), "x")
    first = events[0].data["passages"][0]
    citation = Citation.objects.get(number=1)
    assert first == {
        "number": 1,
        "title": "backup",
        "url": f"/d/{citation.document_id}/?start={citation.start}&end={citation.end}#mark",
        "score": round(citation.score, 4),
        "quote": citation.quote,
    }


def test_role_reaches_the_model(notes, chat_server):
    model = chat.ScriptedChat(["Arr [1]."])
    list(answer.stream(asked(notes), role="You are a pirate.", chat=model))
    assert model.calls[0][0]["content"].startswith("You are a pirate.\n\nAnswer only from")


def test_prompt_stays_within_the_budget(notes, chat_server, settings):
    settings.CHAT_CONTEXT_TOKENS = 205
    question = asked(notes)
    assert question.answer.citations.count() == 1


def test_question_that_leaves_no_room_is_refused(notes, chat_server, settings):
    settings.CHAT_CONTEXT_TOKENS = 50
    with pytest.raises(Rejected, match="The question leaves no room for passages"):
        asked(notes)
    assert not Question.objects.exists()


def test_no_room_for_any_passage_is_refused(notes, chat_server, settings):
    settings.CHAT_CONTEXT_TOKENS = 180
    with pytest.raises(Rejected, match="No passage fits beside the question"):
        asked(notes)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (chat.Unreachable("x"), "The chat server cannot be reached. See that it runs"),
        (chat.TimedOut("x"), "The chat server took too long."),
        (chat.CutOff("x"), "The chat server stopped in the middle of its answer."),
        (chat.TooLarge("x"), "The chat server's answer was too long and was stopped."),
        (chat.Refused(429, "quota."), "The chat server has too much to do. Try again in a minute"),
        (chat.Malformed("not JSON"), "The chat server sent something that is not an answer."),
    ],
)
def test_failure_is_told_and_what_came_before_is_kept(notes, chat_server, error, message):
    question = asked(notes)
    events, _ = written(question, "It runs nightly [1].", error=error)
    assert (events[-1].kind, events[-1].data["state"]) == ("failed", "partial")
    assert events[-1].data["message"].startswith(message)
    reading = read(question)
    assert shape(reading) == (Answer.Kind.CHAT, Answer.State.PARTIAL, "It runs nightly [1].")
    assert reading.answer.error.startswith(message)
    assert [c.number for c in reading.quotes] == [1]
    assert reading.can_retry


def test_failure_before_any_word_is_failed(notes, chat_server):
    question = asked(notes)
    events, _ = written(question, error=chat.Unreachable("x"))
    assert (events[-1].kind, events[-1].data["state"]) == ("failed", "failed")
    assert shape(read(question)) == (Answer.Kind.CHAT, Answer.State.FAILED, "")


def test_empty_answer_is_a_failure(notes, chat_server):
    events, _ = written(asked(notes), " ", "\n")
    assert events[-1].data == {
        "state": "failed",
        "message": "The chat model gave an empty answer. Try again.",
    }


def test_chat_model_that_is_gone_from_the_settings_fails(notes, chat_server, settings):
    question = asked(notes)
    settings.CHAT_BASE_URL = ""
    last = list(answer.stream(question))[-1]
    assert last.data["message"].startswith("This chat model is no longer set up here.")


def test_reader_who_leaves_keeps_a_partial_answer(notes, chat_server):
    question = asked(notes)
    events = answer.stream(question, chat=chat.ScriptedChat(["It runs ", "nightly [1]."]))
    assert [next(events).kind, next(events).kind] == ["passages", "text"]
    events.close()
    reading = read(question)
    assert (reading.answer.state, reading.answer.text) == (Answer.State.PARTIAL, "It runs ")
    assert reading.answer.error == "The answer was interrupted before it was whole. Try again."


def test_finished_answer_is_streamed_as_it_stands_and_asks_nobody(notes, chat_server):
    question = asked(notes)
    written(question, "Nightly [1].")
    events, calls = written(question, "Something else.")
    assert [(event.kind, event.data.get("text")) for event in events[1:]] == [
        ("text", "Nightly [1]."),
        ("done", None),
    ]
    assert calls == []


def test_second_reader_follows_and_does_not_ask_the_model(notes, chat_server):
    question = asked(notes)
    first = answer.stream(question, chat=chat.ScriptedChat(["Nightly", " [1]."]))
    next(first), next(first)
    second = answer.stream(question, chat=chat.ScriptedChat(["Never."]))
    assert next(second).kind == "passages"
    assert next(second).kind == "wait"
    list(first)
    assert [(event.kind, event.data.get("text")) for event in second] == [
        ("text", "Nightly [1]."),
        ("done", None),
    ]


def test_no_more_answers_at_once_than_there_are_places(notes, chat_server):
    question = asked(notes)
    readers = [answer.stream(question, chat=chat.ScriptedChat(["x"])) for _ in range(AT_ONCE)]
    for reader in readers:
        next(reader)
    assert [event.kind for event in answer.stream(question)] == ["busy"]
    for reader in readers:
        reader.close()
    assert next(answer.stream(question)).kind == "passages"


def test_stopped_answer_keeps_its_text_and_its_writer_stops(notes, chat_server):
    question = asked(notes)
    events = answer.stream(question, chat=chat.ScriptedChat(["It runs ", "nightly."]))
    next(events), next(events)
    answer.stop(question)
    last = list(events)[-1]
    assert last.data == {"state": "failed", "message": "You stopped this answer."}
    assert read(question).answer.state == Answer.State.FAILED  # nothing was saved yet


def test_stopping_a_whole_answer_changes_nothing(notes, chat_server):
    question = asked(notes)
    written(question, "Nightly [1].")
    answer.stop(question)
    assert shape(read(question)) == (Answer.Kind.CHAT, Answer.State.COMPLETE, "Nightly [1].")


# --- writers that are gone ------------------------------------------------------------


def pending(question, **values):
    Answer.objects.filter(question=question).update(**values)
    return read(question).answer


def test_answer_whose_writer_is_gone_is_settled_when_read(notes, chat_server):
    past = timezone.now() - timedelta(seconds=1)
    settled = pending(asked(notes), lease_until=past, text="Half")
    assert (settled.state, settled.text) == (Answer.State.PARTIAL, "Half")
    assert settled.error == "The answer was cut off before it was whole. Try again."
    assert settled.lease_until is None


def test_answer_without_a_word_is_settled_as_failed(notes, chat_server):
    past = timezone.now() - timedelta(seconds=1)
    assert pending(asked(notes), lease_until=past).state == Answer.State.FAILED


def test_answer_that_is_being_written_is_left_alone(notes, chat_server):
    soon = timezone.now() + timedelta(seconds=60)
    assert pending(asked(notes), lease_until=soon, text="Half").state == Answer.State.PENDING


def test_answer_nobody_began_is_settled_after_a_while(notes, chat_server):
    assert pending(asked(notes)).state == Answer.State.PENDING
    old = timezone.now() - timedelta(minutes=6)
    assert pending(asked(notes), created=old).state == Answer.State.FAILED


def test_writer_that_was_thought_gone_changes_nothing_any_more(notes, chat_server):
    question = asked(notes)
    events = answer.stream(question, chat=chat.ScriptedChat(["Late ", "words."]))
    next(events), next(events)
    Answer.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    read(question)
    list(events)
    assert read(question).answer.state == Answer.State.FAILED
    assert read(question).answer.text == ""


# --- asking again ---------------------------------------------------------------------


def test_retry_makes_a_new_answer_in_place_of_the_old(notes, chat_server):
    question = asked(notes)
    written(question, error=chat.Unreachable("x"))
    old = question.answer.pk
    answer.retry(question)
    assert Answer.objects.exclude(pk=old).get().state == Answer.State.PENDING
    written(question, "Nightly [1].")
    assert shape(read(question)) == (Answer.Kind.CHAT, Answer.State.COMPLETE, "Nightly [1].")


def test_retry_reads_the_documents_as_they_are_now(notes, no_chat):
    question = asked(notes, "Where do the lanterns hang in winter?")
    assert read(question).answer.kind == Answer.Kind.NONE
    embedded(notes, {"lanterns": "In winter the lanterns hang in the boat house."})
    answer.retry(question)
    assert read(question).quotes[0].document.external_id == "lanterns"


def test_retry_while_an_old_writer_writes_does_not_mix_them(notes, chat_server):
    question = asked(notes)
    events = answer.stream(question, chat=chat.ScriptedChat(["Old ", "words."]))
    next(events), next(events)
    answer.retry(question)
    last = list(events)[-1]
    assert last.data["message"].startswith("This question was asked again or deleted.")
    assert shape(read(question)) == (Answer.Kind.CHAT, Answer.State.PENDING, "")


# --- documents that change, go, or become private --------------------------------------


def test_changed_document_is_told(notes, no_chat):
    question = asked(notes)
    document = notes.documents.get(external_id="backup")
    services.edit_document(document, body="# Backups\n\nNo more backups at all, ever.")
    ingest.run()
    best = read(question).quotes[0]
    assert best.quote == BACKUP
    assert not best.current


def test_deleted_document_takes_its_quotes_along(notes, no_chat):
    question = asked(notes)
    services.delete_documents(notes.documents.filter(external_id="backup"))
    reading = read(question)
    assert "sqlite backup" not in str([c.quote for c in reading.citations]) + reading.text
    assert reading.gone is (reading.quotes == [])


def test_all_quoted_documents_gone_is_told(notes, no_chat):
    question = asked(notes)
    services.delete_documents(notes.documents.all())
    reading = read(question)
    assert (reading.gone, reading.can_retry, reading.citations) == (True, True, [])


def test_deleted_document_takes_the_words_of_a_chat_answer_along(notes, chat_server):
    question = asked(notes)
    written(question, "Nightly [1].")
    services.delete_documents(notes.documents.filter(external_id="backup"))
    reading = read(question)
    assert shape(reading) == (Answer.Kind.CHAT, Answer.State.FAILED, "")
    assert reading.answer.error == "A document that this answer used was deleted. Ask again."
    assert Answer.objects.get().text == ""


def test_chat_answer_is_withheld_once_its_collection_is_private(chat_server):
    collection = CollectionFactory(public=True)
    embedded(collection, NOTES)
    question = answer.ask(UserFactory(), QUESTION, collection=collection)
    written(question, "Nightly [1].")
    Collection.objects.update(visibility=Collection.Visibility.PRIVATE)
    reading = read(question)
    assert (reading.withheld, reading.text, reading.citations) == (True, "", [])
    assert reading.can_retry
    events, calls = written(question, "x")
    assert [event.kind for event in events] == ["passages", "failed"]
    assert events[0].data == {"passages": []}
    assert events[1].data["message"].startswith("You may no longer see a document")
    assert calls == []


def test_pending_answer_is_not_written_from_what_became_private(chat_server):
    collection = CollectionFactory(public=True)
    embedded(collection, NOTES)
    question = answer.ask(UserFactory(), QUESTION, collection=collection)
    Collection.objects.update(visibility=Collection.Visibility.PRIVATE)
    events, calls = written(question, "x")
    assert ([event.kind for event in events], calls) == (["passages", "failed"], [])


def test_quotes_vanish_once_their_collection_is_private(no_chat):
    collection = CollectionFactory(public=True)
    embedded(collection, NOTES)
    question = answer.ask(UserFactory(), QUESTION, collection=collection)
    assert read(question).quotes
    Collection.objects.update(visibility=Collection.Visibility.PRIVATE)
    assert (read(question).citations, read(question).gone) == ([], True)
    answer.retry(question)
    assert shape(read(question)) == (Answer.Kind.NONE, Answer.State.COMPLETE, "")
