"""The question box on other sites: what it answers, to whom, and how often."""

import pytest
from django.contrib.staticfiles import finders

from collections_app.models import Collection
from collections_app.throttles import BoxThrottle
from rag_app.answer import writing
from rag_app.models import Question
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import raw, streamed
from tests.rag_app.conftest import NOTES
from tests.rag_app.test_answering import QUESTION

pytestmark = pytest.mark.django_db

KINDS = ["/", ".json"]
SITE = "https://www.example.org"
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def home():
    collection = CollectionFactory(public=True, name="Open")
    embedded(collection, NOTES)
    return collection


def ask(client, collection, kind=".json", question=QUESTION, **headers):
    return client.post(f"/ask/c/{collection.pk}{kind}", {"question": question}, headers=headers)


def test_frame_asks_without_scripts_cookies_and_tokens_of_forms(home, no_chat):
    from django.test import Client

    visitor = Client(enforce_csrf_checks=True)
    shown = visitor.get(f"/ask/c/{home.pk}/")
    assert f'<form method="post" action="/ask/c/{home.pk}/">' in shown.text
    answered = ask(visitor, home, "/")
    assert "Run the sqlite backup command every night." in answered.text
    assert "Quoted from the documents, no language model" in answered.text
    assert QUESTION in answered.text
    for page in (shown, answered):
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert page.cookies == {}
        assert "Cookie" not in page["Vary"]
        assert page["Cache-Control"] == "public, no-cache"


def test_json_has_pieces_and_sources(home, no_chat):
    from django.test import Client

    told = ask(Client(enforce_csrf_checks=True), home).json()
    assert (told["kind"], told["problem"]) == ("extractive", "")
    assert told["pieces"][1] == {"text": "[1]", "number": 1, "supported": True}
    document = home.documents.get(external_id="backup")
    best = told["sources"][0]
    assert set(best) == {"number", "title", "source", "quote", "score", "url", "link"}
    assert best["url"].startswith(f"http://testserver/d/{document.pk}/?start=")
    assert (best["source"], best["link"]) == ("", best["url"])
    assert not Question.objects.exists()


def test_links_lead_to_the_pages_that_documents_came_from(client, no_chat):
    home = CollectionFactory(public=True)
    texts = {"a": NOTES["backup"]}
    for address, source in ((f"{SITE}/a", f"{SITE}/a"), ("javascript:alert(1)", ""), (3, "")):
        home.documents.all().delete()
        embedded(home, texts, metadata={"url": address})
        [one] = ask(client, home).json()["sources"]
        assert one["source"] == source
        assert one["link"].startswith(source or "http://testserver/d/")


def test_a_chat_model_writes_it(client, home, chat_server):
    chat_server.reply = streamed("It runs nightly [1]. Trust me.")
    told = ask(client, home).json()
    assert "".join(one["text"] for one in told["pieces"]) == "It runs nightly [1]. Trust me."
    assert [one["supported"] for one in told["pieces"]][-1] is False
    assert [one["number"] for one in told["sources"]] == [1]
    shown = ask(client, home, "/").text
    assert '<a class="embedsite-mark" href="#s1">[1]</a>' in shown
    assert '<span class="embedsite-unsupported"' in shown


def test_a_chat_model_that_fails_leaves_the_passages(client, home, chat_server):
    chat_server.reply = raw("oops", "text/html")
    told = ask(client, home).json()
    assert "not an answer" in told["problem"]
    assert (told["note"], told["pieces"], len(told["sources"]) > 0) == ("", [], True)
    shown = ask(client, home, "/").text
    assert 'role="alert"' in shown
    chat_server.reply = streamed("It runs [1].", end="")
    told = ask(client, home).json()
    assert ("stopped in the middle" in told["problem"], told["pieces"][0]["text"]) == (
        True,
        "It runs ",
    )


def test_what_is_not_there_is_said_with_the_nearest(client, home, no_chat):
    told = ask(client, home, question="zebra quasar?").json()
    assert (told["kind"], told["pieces"]) == ("none", [])
    assert told["note"] == "No document is about this. The nearest passages:"
    assert len(told["sources"]) == 3
    empty = CollectionFactory(public=True)
    assert ask(client, empty).json()["note"] == "No document is about this."


@pytest.mark.parametrize("kind", KINDS)
def test_private_collections_have_none_even_for_their_owner(client, notes, no_chat, kind):
    client.force_login(notes.owner)
    assert ask(client, notes, kind).status_code == 404
    assert client.get(f"/ask/c/{notes.pk}/").status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_other_collections_is_told(client, home, no_chat, kind):
    theirs = CollectionFactory()
    embedded(theirs, {"x": "The zyxomma backup runs in the sqlite harbour."})
    client.force_login(theirs.owner)
    assert "zyxomma" not in ask(client, home, kind).text
    Collection.objects.filter(pk=home.pk).update(visibility="private")
    assert ask(client, home, kind).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("question", ["", "  ", "w" * 4001])
def test_bad_questions_are_refused_with_what_to_do(client, home, no_chat, kind, question):
    response = ask(client, home, kind, question)
    assert response.status_code == 422
    assert ("Write a question first." if len(question) < 9 else "Shorten it.") in response.text
    assert "Traceback" not in client.post(f"/ask/c/{home.pk}{kind}", {}).text


def test_texts_are_text(client, no_chat):
    home = CollectionFactory(public=True, name=ATTACK)
    embedded(home, {"a": f"{ATTACK} The sqlite backup is made every night."}, title=ATTACK)
    shown = ask(client, home, "/", f"{QUESTION} {ATTACK}").text
    assert "<img" not in shown
    assert "<script" not in shown
    assert "&lt;img src=x" in shown


@pytest.mark.parametrize("kind", KINDS)
def test_each_visitor_asks_so_often(client, home, no_chat, monkeypatch, kind):
    monkeypatch.setattr(BoxThrottle, "rate", "2/min", raising=False)
    assert [ask(client, home, kind).status_code for _ in range(3)] == [200, 200, 429]
    client.force_login(UserFactory())  # an account is no way around it
    refused = ask(client, home, kind)
    assert (refused.status_code, "You ask too often. Wait" in refused.text) == (429, True)
    other = client.post(f"/ask/c/{home.pk}{kind}", {"question": QUESTION}, REMOTE_ADDR="10.0.0.9")
    assert other.status_code == 200
    assert client.get(f"/ask/c/{home.pk}/").status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_where_too_many_ask_one_is_told(client, home, chat_server, kind):
    taken = [writing._PLACES.acquire(blocking=False) for _ in range(writing.AT_ONCE)]
    try:
        response = ask(client, home, kind)
    finally:
        for _ in taken:
            writing._PLACES.release()
    assert (response.status_code, "Try again in a moment" in response.text) == (503, True)
    assert not Question.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_is_not_there_is_said(client, home, no_chat, tmp_path, kind):
    model = home.embedding_model
    model.backend, model.ref = "sentence-transformers", f"{tmp_path}/none"
    model.save()
    response = ask(client, home, kind)
    assert (response.status_code, "Try again later" in response.text) == (503, True)
    assert str(tmp_path) not in response.text


def test_any_site_may_ask_and_frame_where_none_is_named(client, home, no_chat):
    response = ask(client, home, Origin=SITE)
    assert response["Access-Control-Allow-Origin"] == "*"
    frame = client.get(f"/ask/c/{home.pk}/")
    assert "frame-ancestors *" in frame["Content-Security-Policy"]
    assert "form-action 'self'" in frame["Content-Security-Policy"]
    assert "X-Frame-Options" not in frame
    assert response["X-Frame-Options"] == "DENY"


def test_where_sites_are_named_no_other_may(client, home, no_chat):
    Collection.objects.update(widget_origins=[SITE])
    allowed = ask(client, home, Origin=SITE)
    assert (allowed.status_code, allowed["Access-Control-Allow-Origin"]) == (200, SITE)
    assert ask(client, home, Origin="http://testserver").status_code == 200  # the preview
    for origin in ("https://evil.example", "null"):
        refused = ask(client, home, Origin=origin)
        assert refused.status_code == 403
        assert "Access-Control-Allow-Origin" not in refused
    policy = client.get(f"/ask/c/{home.pk}/")["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {SITE}" in policy


def test_other_methods_are_refused(client, home):
    assert client.get(f"/ask/c/{home.pk}.json").status_code == 405
    assert client.delete(f"/ask/c/{home.pk}/").status_code == 405


def test_preview_has_code_for_each_way(client, home):
    shown = client.get(f"/c/{home.pk}/box/").text
    for code in (
        '&lt;script src="http://testserver/static/dist/ask.js" async&gt;',
        f'&lt;embedsite-ask collection="{home.pk}"',
        f'&lt;iframe src="http://testserver/ask/c/{home.pk}/"',
        f'await fetch("http://testserver/ask/c/{home.pk}.json"',
    ):
        assert code in shown
    client.force_login(home.owner)
    assert f'href="/c/{home.pk}/box/"' in client.get(home.get_absolute_url()).text


def test_preview_of_a_private_collection_says_so_to_its_owner_alone(client, notes):
    assert client.get(f"/c/{notes.pk}/box/").status_code == 404
    client.force_login(notes.owner)
    shown = client.get(f"/c/{notes.pk}/box/").text
    assert "This collection is private" in shown
    assert "ask.js" not in shown


@pytest.mark.skipif(not finders.find("dist/ask.js"), reason="The browser parts are not built.")
def test_script_for_other_sites_is_small_and_alone():
    with open(finders.find("dist/ask.js")) as file:
        script = file.read()
    assert len(script) < 8000
    assert "embedsite-ask" in script
    assert "innerHTML" not in script
