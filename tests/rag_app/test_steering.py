"""Passages pinned and dropped, filters, and the prompt that comes of it."""

import pytest
from django.test import Client
from django.urls import reverse

from collections_app import ingest, services
from collections_app.models import Document
from collections_app.services import Rejected
from rag_app import answer
from rag_app.answer.packing import left_out
from rag_app.answer.steering import Chosen, passages_at
from rag_app.models import Answer, Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import streamed
from tests.rag_app.test_answering import QUESTION, asked, read
from tests.rag_app.test_api import client_of
from tests.rag_app.test_ask_command import run

pytestmark = pytest.mark.django_db

URL = "/api/questions/"


@pytest.fixture
def browser(notes):
    client = Client()
    client.force_login(notes.owner)
    return client


def whole(collection, name):
    return Chosen.of(collection.documents.get(external_id=name).active_passages().first())


def titles(question):
    return [one.document.external_id for one in read(question).citations]


# --- pinned and dropped ---------------------------------------------------------------


def test_what_is_dropped_is_not_used(notes, chat_server):
    assert titles(asked(notes))[0] == "backup"
    made = answer.ask(
        notes.owner, QUESTION, collection=notes, dropped=[whole(notes, "backup")], chat="quotes"
    )
    assert "backup" not in titles(made)


def test_what_is_pinned_is_in_the_context_and_first(notes, chat_server):
    made = answer.ask(notes.owner, QUESTION, collection=notes, pinned=[whole(notes, "tides")])
    first = read(made).citations[0]
    assert (first.document.external_id, first.pinned) == ("tides", True)
    assert "The harbour floods" in answer.sent(made).messages[1]["content"]


def test_pinned_passages_answer_what_nothing_else_is_about(notes, no_chat):
    made = asked(notes, "zebra quasar?")
    assert made.answer.kind == Answer.Kind.NONE
    again = answer.retry(made, pinned=[whole(notes, "bread")])
    assert again.answer.kind == Answer.Kind.EXTRACTIVE
    assert titles(again) == ["bread"] * len(titles(again))


def test_pinned_passages_come_past_the_filters(notes, chat_server):
    made = answer.ask(
        notes.owner, QUESTION, collection=notes,
        filters=["title:tides"], pinned=[whole(notes, "bread")],
    )  # fmt: skip
    assert set(titles(made)) <= {"bread", "tides"}
    assert titles(made)[0] == "bread"


def test_a_choice_outlives_another_split(notes, chat_server):
    made = answer.ask(notes.owner, QUESTION, collection=notes, dropped=[whole(notes, "backup")])
    services.edit_collection(notes, passage_tokens=16, passage_overlap=0)
    ingest.run()
    assert Document.objects.get(external_id="backup").passages.count() > 1
    assert "backup" not in titles(answer.retry(Question.objects.get(pk=made.pk), chat="quotes"))


def test_pinned_passages_that_do_not_fit_are_refused_and_all_stays(notes, chat_server, settings):
    made = asked(notes)
    embedded(notes, {"long": " ".join(f"Lantern {n} shines over water." for n in range(80))})
    long = notes.documents.get(external_id="long")
    settings.CHAT_CONTEXT_TOKENS = 330
    with pytest.raises(Rejected, match="do not fit"):
        answer.retry(made, pinned=[Chosen(long.pk, 0, len(long.text))])
    kept = Question.objects.get(pk=made.pk)
    assert kept.pinned == []
    assert Answer.objects.filter(question=kept).exists()


@pytest.mark.parametrize("key", ["", "x", "1-2", "1-2-x", "-1-2-3", "9" * 30 + "-1-2", "1-5-5"])
def test_what_names_no_passage_is_told(browser, notes, no_chat, key):
    made = asked(notes)
    response = browser.post(
        reverse("question_retry", args=[made.pk]), {"steered": 1, "drop": key}, follow=True
    )
    html = response.content.decode()
    assert "names no passage" in html or "There is no such passage" in html


def test_passages_of_others_can_be_neither_pinned_nor_dropped(notes, no_chat):
    theirs = CollectionFactory()
    embedded(theirs, {"secret": "The zyxomma lies in the harbour."})
    chosen = whole(theirs, "secret")
    for name in ("pinned", "dropped"):
        with pytest.raises(Rejected, match="There is no such passage, or you may not see it"):
            answer.ask(notes.owner, QUESTION, collection=notes, **{name: [chosen]})
    assert passages_at(notes.owner, [chosen]) == []


def test_too_many_are_told(notes, no_chat):
    chosen = [Chosen(1, n, n + 1) for n in range(21)]
    with pytest.raises(Rejected, match="These are 21 passages; the most is 20"):
        answer.ask(notes.owner, QUESTION, pinned=chosen)


def test_the_page_pins_drops_and_brings_back(browser, notes, no_chat):
    made = asked(notes)
    drop, pin = whole(notes, "backup"), whole(notes, "tides")
    place = reverse("question_retry", args=[made.pk])
    browser.post(place, {"steered": 1, "drop": drop.key, "pin": pin.key})
    kept = Question.objects.get(pk=made.pk)
    assert (len(kept.pinned), len(kept.dropped)) == (1, 1)
    html = browser.get(made.get_absolute_url()).content.decode()
    assert "kept in by you" in html
    assert "1 passage left out by you" in html
    assert f'name="drop" value="{drop.key}" form="steer" checked' in html
    browser.post(place, {"steered": 1})
    assert titles(made)[0] == "backup"


def test_both_at_once_is_told(browser, notes, no_chat):
    made, key = asked(notes), whole(notes, "backup").key
    place = reverse("question_retry", args=[made.pk])
    html = browser.post(place, {"steered": 1, "drop": key, "pin": key}, follow=True)
    assert "kept in and left out at once" in html.content.decode()


def test_asking_again_without_the_form_keeps_the_choice(browser, notes, no_chat):
    made = answer.ask(notes.owner, QUESTION, collection=notes, dropped=[whole(notes, "backup")])
    browser.post(reverse("question_retry", args=[made.pk]))
    assert "backup" not in titles(made)


def test_the_state_of_an_address_is_in_the_box(browser, notes, no_chat):
    key = whole(notes, "tides").key
    given = {"q": QUESTION, "c": notes.pk, "pin": key, "filter": ["type:pdf", "author:ada"]}
    html = browser.get(reverse("ask"), given).content.decode()
    assert f'<input type="hidden" name="pin" value="{key}">' in html
    assert '<option value="pdf" selected>' in html
    assert "author:ada</textarea>" in html
    response = browser.post(
        reverse("ask"), {"question": QUESTION, "collection": notes.pk, "pin": key}
    )
    assert response.status_code == 302
    assert len(Question.objects.get().pinned) == 1


# --- filters ----------------------------------------------------------------------------


def test_filters_are_those_of_search(notes, no_chat):
    embedded(notes, {"old": "The sqlite backup ran at noon."}, metadata={"year": 1999})
    made = answer.ask(notes.owner, QUESTION, collection=notes, filters=["year:1990..2000"])
    assert titles(made) == ["old"]
    with pytest.raises(Rejected, match="is no filter"):
        answer.ask(notes.owner, QUESTION, collection=notes, filters=["nonsense"])


def test_the_form_of_filters_writes_and_reads_them(browser, notes, no_chat):
    embedded(notes, {"old": "The sqlite backup ran at noon."}, metadata={"year": 1999})
    sent = {
        "question": QUESTION, "collection": notes.pk, "type": "text",
        "added_from": "2020-01-01", "filter": "year:1990..2000\n",
    }  # fmt: skip
    browser.post(reverse("ask"), sent)
    made = Question.objects.get()
    assert made.filters == ["type:text", "added:2020-01-01..", "year:1990..2000"]
    assert titles(made) == ["old"]
    html = browser.get(made.get_absolute_url()).content.decode()
    assert '<option value="text" selected>' in html
    assert 'value="2020-01-01"' in html
    response = browser.post(reverse("ask"), sent | {"filter": "type:xyzzy"})
    assert response.status_code == 422
    assert "There is no type" in response.content.decode()


# --- the prompt ---------------------------------------------------------------------------


def test_why_each_passage_is_there_is_shown_and_told(browser, notes, no_chat):
    made = asked(notes)
    why = read(made).citations[0].why
    assert why["score"] == pytest.approx(sum(why["parts"].values()), abs=1e-6)
    assert why["terms"]
    html = browser.get(made.get_absolute_url()).content.decode()
    assert "Why this?" in html
    assert "closeness of meaning" in html


def test_the_prompt_shown_is_the_prompt_sent(browser, notes, chat_server):
    made = asked(notes)
    before = answer.sent(made).messages
    answer.write(made)
    made = Question.objects.select_related("answer").get(pk=made.pk)
    sent = [
        {key: one[key] for key in ("role", "content")}
        for one in chat_server.requests[0]["messages"]
    ]
    assert sent == before == answer.sent(made).messages
    html = browser.get(reverse("question_prompt", args=[made.pk])).content.decode()
    assert made.answer.marker in html
    assert "The backup is copied to another machine before sunrise." in html


def test_the_prompt_of_quotes_is_none(browser, notes, no_chat):
    assert browser.get(reverse("question_prompt", args=[asked(notes).pk])).status_code == 404


def test_a_prompt_of_what_may_not_be_seen_any_more_is_withheld(chat_server, client):
    home = CollectionFactory(public=True)
    embedded(home, {"secret": "The zyxomma backup of sqlite runs every night."})
    user = UserFactory()
    made = answer.ask(user, QUESTION)
    client.force_login(user)
    place = reverse("question_prompt", args=[made.pk])
    assert "zyxomma" in client.get(place).content.decode()
    home.visibility = "private"
    home.save()
    html = client.get(place).content.decode()
    assert "zyxomma" not in html
    assert "may no longer see" in html


def test_what_was_left_out_is_shown_with_its_reason(browser, notes, chat_server, settings):
    text = notes.documents.get(external_id="backup").text
    embedded(notes, {"again": text.upper(), "long": "sqlite backup every night. " * 30})
    settings.CHAT_CONTEXT_TOKENS = 320
    made = asked(notes)
    outcomes = {
        one.document.external_id: one.outcome for one in left_out(notes.owner, made.answer.packing)
    }
    assert "budget" in outcomes.values()
    html = browser.get(made.get_absolute_url()).content.decode()
    assert "left out of the prompt" in html
    assert "no room for its" in html


def test_the_page_shows_the_prompt_before_asking(browser, notes, chat_server):
    sent = {"question": QUESTION, "collection": notes.pk, "preview": "1"}
    html = browser.post(reverse("ask"), sent).content.decode()
    assert "What is sent to scripted-1" in html
    assert f"Question: {QUESTION}" in html
    assert "changed since" not in html
    assert not Question.objects.exists()
    assert chat_server.requests == []
    html = browser.post(reverse("ask"), sent | {"question": "zebra quasar?"}).content.decode()
    assert "Nothing would be sent: no document is about this." in html


def test_the_api_steers_and_shows_prompts(notes, chat_server):
    api = client_of(notes.owner)
    chosen = whole(notes, "tides")
    span = {"document": chosen.document, "start": chosen.start, "end": chosen.end}
    wanted = {
        "question": QUESTION,
        "collection": notes.pk,
        "pinned": [span],
        "system": "You rhyme.",
    }
    shown = api.post(f"{URL}preview/", wanted, format="json").json()
    assert (shown["kind"], shown["limit"] >= shown["tokens"] > 0) == ("chat", True)
    assert shown["messages"][0]["content"].startswith("You rhyme.")
    assert shown["passages"][0]["pinned"] is True
    assert not Question.objects.exists()
    made = api.post(URL, wanted, format="json").json()
    assert (made["pinned"], made["system"]) == ([span], "You rhyme.")
    assert made["citations"][0]["title"] == "tides"
    sent = api.get(f"{URL}{made['id']}/prompt/").json()
    assert sent["messages"] == [
        {key: one[key] for key in ("role", "content")}
        for one in chat_server.requests[-1]["messages"]
    ]
    again = api.post(
        f"{URL}{made['id']}/retry/", {"pinned": [], "filters": ["title:backup"]}, format="json"
    ).json()
    assert [one["title"] for one in again["citations"]] == ["backup"]
    response = api.post(f"{URL}{made['id']}/retry/", {"filters": ["x"]}, format="json")
    assert response.status_code == 400


def test_the_api_stops_an_answer(notes, chat_server):
    api = client_of(notes.owner)
    made = api.post(URL, {"question": QUESTION, "wait": False}, format="json").json()
    stopped = api.post(f"{URL}{made['id']}/stop/").json()
    assert (stopped["state"], stopped["error"]) == ("failed", "You stopped this answer.")


def test_the_command_steers_follows_and_previews(notes, chat_server):
    owner = notes.owner.username
    notes.name = "steered"
    notes.save()
    more = ("-c", "steered", "--owner", owner)
    key = whole(notes, "tides").key
    printed, error = run(QUESTION, *more, "--preview", "--pin", key, "--system", "You rhyme.")
    assert error is None
    assert printed.startswith("[system]\nYou rhyme.\n")
    assert " tokens of " in printed
    assert not Question.objects.exists()
    chat_server.reply = streamed("Fine [1].")
    _printed, error = run(QUESTION, *more, "--drop", key, "--filter", "title:backup")
    assert error is None
    made = Question.objects.get()
    assert (made.filters, len(made.dropped)) == (["title:backup"], 1)
    chat_server.reply = streamed("How is it run?")
    run("And it?", "--owner", owner, "--after", str(made.pk))
    assert Question.objects.filter(conversation=made.conversation).count() == 2
    assert run("And it?", "--owner", owner, "--after", "x")[1].endswith(
        "has asked no question 'x'."
    )
    assert run("Why?", "--owner", owner, "--pin", "x")[1] == "“x” names no passage."
