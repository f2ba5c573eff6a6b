"""`/mcp` as the official client of the protocol uses it, over HTTP."""

import json
from dataclasses import replace

import anyio
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from collections_app.models import ApiToken, Collection, Document
from collections_app.services import create_token
from collections_app.throttles import AskThrottle
from rag_app.assistants import serving
from rag_app.models import Question
from search_app import related
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.rag_app.chat_server import raw, streamed
from tests.rag_app.test_answering import QUESTION

SECRET = "zyxomma"


@pytest.fixture
def key(notes):
    _token, key = create_token(notes.owner, "assistant", ApiToken.Scope.READ)
    return key


@pytest.fixture
def talk(transactional_db, live_server, key):
    """Calls `use(client)` with a client that is connected as the notes' owner."""

    def run(use, mode="auto", key=key):
        async def main():
            headers = {"authorization": f"Bearer {key}"}
            async with httpx2.AsyncClient(headers=headers, timeout=120) as http:
                transport = streamable_http_client(f"{live_server.url}/mcp", http_client=http)
                async with Client(transport, mode=mode) as client:
                    return await use(client)

        return anyio.run(main)

    return run


@pytest.fixture
def tool(talk):
    """What a tool says: its data, or the text of its error."""

    def call(name, **arguments):
        result = talk(lambda client: client.call_tool(name, arguments))
        [content] = result.content
        if result.is_error:
            return content.text
        assert json.loads(content.text) == result.structured_content
        return result.structured_content

    return call


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_client_lists_and_calls_the_tools(talk, notes, mode):
    async def use(client):
        listed = (await client.list_tools()).tools
        found = await client.call_tool("search", {"query": "dough"})
        return client.server_info.name, listed, found

    name, listed, found = talk(use, mode)
    assert name == "embedsite"
    assert [one.name for one in listed] == [
        "list_collections",
        "search",
        "fetch_document",
        "related",
        "ask",
    ]
    assert all(one.annotations.read_only_hint and one.description for one in listed)
    search = next(one.input_schema for one in listed if one.name == "search")
    assert search["required"] == ["query"]
    assert search["properties"]["limit"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 20,
        "default": 8,
    }
    assert search["properties"]["collections"]["items"]["type"] == "integer"
    assert search["properties"]["filters"]["items"]["type"] == "string"
    assert found.structured_content["hits"][0]["id"] == "bread"


def test_collections_are_listed_in_pages(tool, notes, monkeypatch):
    CollectionFactory(name=SECRET)
    public = CollectionFactory(public=True, name="Open")
    found = tool("list_collections")
    assert [(one["collection"], one["yours"]) for one in found["collections"]] == [
        (notes.pk, True),
        (public.pk, False),
    ]
    assert (found["collections"][0]["documents"], found["next_after"]) == (3, None)
    monkeypatch.setattr("rag_app.assistants.tools.COLLECTIONS", 1)
    first = tool("list_collections")
    second = tool("list_collections", after=first["next_after"])
    assert [one["collection"] for one in first["collections"] + second["collections"]] == [
        notes.pk,
        public.pk,
    ]
    assert second["next_after"] is None


def test_search_finds_passages_with_links(tool, notes, live_server):
    best = tool("search", query="sqlite backup", collection=notes.pk, limit=1)["hits"]
    document = notes.documents.get(external_id="backup")
    assert [one["document"] for one in best] == [document.pk]
    assert best[0]["url"] == f"{live_server.url}/d/{document.pk}/"
    assert best[0]["passage"] == document.text[best[0]["start"] : best[0]["end"]]
    [only] = tool("search", query="dough", filters=["id:tides"])["hits"]
    assert only["id"] == "tides"


def test_a_document_is_read_in_pieces(tool, notes):
    document = notes.documents.get(external_id="bread")
    Document.objects.filter(pk=document.pk).update(metadata={"kind": "recipe"})
    first = tool("fetch_document", document=document.pk, length=10)
    assert (first["text"], first["next_start"]) == (document.text[:10], 10)
    assert (first["metadata"], first["characters"]) == ({"kind": "recipe"}, len(document.text))
    rest = tool("fetch_document", document=document.pk, start=10)
    assert (first["text"] + rest["text"], rest["next_start"]) == (document.text, None)
    beyond = tool("fetch_document", document=document.pk, start=10**6)
    assert (beyond["text"], beyond["next_start"]) == ("", None)


def test_related_documents_say_what_they_share(tool):
    home = CollectionFactory(public=True)
    one, two = embedded(
        home,
        {"a": "Backups of sqlite3 files at night.", "b": "Nightly backups with sqlite3 files."},
    )
    related.refresh(home.pk)
    [found] = tool("related", document=one.pk)["related"]
    assert (found["document"], "sqlite3" in found["shares"]) == (two.pk, True)


def test_ask_quotes_or_writes_and_keeps_nothing(tool, notes, chat_server, settings, live_server):
    chat_server.reply = streamed("It runs nightly [1].")
    made = tool("ask", question=QUESTION)
    assert made["answer"].startswith("It runs nightly [1].\n\nSources:\n[1] ")
    assert made["citations"][0]["url"].startswith(f"{live_server.url}/d/")
    settings.CHAT_MODEL = ""
    quoted = tool("ask", question=QUESTION, collection=notes.pk)
    assert (quoted["kind"], "Run the sqlite backup command" in quoted["answer"]) == (
        "extractive",
        True,
    )
    assert tool("ask", question="zebra quasar?")["kind"] == "none"
    assert not Question.objects.exists()


def test_several_collections_are_searched_and_asked(tool, notes, no_chat):
    second = CollectionFactory(owner=notes.owner, name="Second")
    embedded(second, {"boats": "The sqlite backup of the boats runs every night at noon."})
    embedded(CollectionFactory(owner=notes.owner), {"third": "The sqlite backup runs every night."})
    numbers = [notes.pk, second.pk]
    hits = tool("search", query="sqlite backup every night", collections=numbers)["hits"]
    assert {one["id"] for one in hits} == {"backup", "bread", "tides", "boats"}
    made = tool("ask", question=QUESTION, collections=numbers)
    assert {"backup", "boats"} <= {one["title"] for one in made["citations"]}
    assert "third" not in {one["title"] for one in made["citations"]}
    assert "not both" in tool("ask", question=QUESTION, collection=notes.pk, collections=numbers)
    theirs = CollectionFactory(name=SECRET)
    there = tool("search", query="x", collections=[notes.pk, theirs.pk])
    assert there.startswith("collections: ")
    absent = tool("search", query="x", collections=[notes.pk, 10**15])
    assert there.replace(str(theirs.pk), "N") == absent.replace(str(10**15), "N")
    assert tool("ask", question=QUESTION, collections=["x"]).startswith("collections: ")
    assert tool("ask", question=QUESTION, collections=[notes.pk] * 101).startswith("collections: ")


def test_what_is_wrong_is_said_with_what_to_do(tool, notes, no_chat, monkeypatch):
    assert tool("search") == "query: This field is required."
    assert "There is no such argument" in tool("search", query="x", colour="red")
    assert "colour" in tool("search", query="x", colour="red")
    assert tool("search", query="x", limit=21).startswith("limit: ")
    assert tool("search", query="w" * 2001).startswith("query: ")
    assert "There is no tool “delete”. There are: list_collections" in tool("delete")
    assert tool("search", query="x", filters=["type"])  # a filter that is none
    assert "Take its number from" in tool("fetch_document", document=10**15)
    monkeypatch.setattr(AskThrottle, "rate", "1/min", raising=False)
    tool("ask", question=QUESTION)
    assert "available in" in tool("ask", question=QUESTION)


def test_a_chat_model_that_fails_is_an_error_of_the_tool(tool, notes, chat_server):
    chat_server.reply = raw("oops", "text/html")
    assert "not an answer" in tool("ask", question=QUESTION)
    assert not Question.objects.exists()


def test_a_failure_of_ours_tells_nothing_of_us(tool, notes, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise RuntimeError(f"{SECRET} at /srv")

    search = replace(serving.BY_NAME["search"], run=broken)
    monkeypatch.setitem(serving.BY_NAME, "search", search)
    assert tool("search", query="x") == "Something went wrong on our side. It has been logged."
    assert SECRET in caplog.text


def test_nobody_elses_private_documents_are_told(tool, notes, no_chat):
    home = CollectionFactory(name=SECRET)
    [theirs] = embedded(home, {"x": f"The {SECRET} boats lie in the harbour with the backup."})
    missing = {
        "search": {"query": SECRET, "collection": home.pk},
        "ask": {"question": SECRET, "collection": home.pk},
        "fetch_document": {"document": theirs.pk},
        "related": {"document": theirs.pk},
    }
    for name, arguments in missing.items():
        there = tool(name, **arguments)
        key = "collection" if "collection" in arguments else "document"
        absent = tool(name, **arguments | {key: 10**15})
        assert there.replace(str(arguments[key]), "N") == absent.replace(str(10**15), "N")
    for name in ("search", "ask"):
        argument = {"query": SECRET} if name == "search" else {"question": f"{SECRET} backup?"}
        told = json.dumps(tool(name, **argument))
        assert "boats lie" not in told
        assert str(theirs.pk) not in [str(n) for n in _numbers(json.loads(told))]
    Collection.objects.filter(pk=home.pk).update(visibility="public")
    assert SECRET in tool("fetch_document", document=theirs.pk)["text"]


def _numbers(told):
    return [one["document"] for one in told.get("hits", told.get("citations", []))]


@pytest.mark.django_db
def test_only_tokens_open_it(client):
    client.force_login(UserFactory())
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for key in ("", "Bearer es_wrong"):
        headers = {"authorization": key} if key else {}
        response = client.post("/mcp", body, content_type="application/json", headers=headers)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.django_db
def test_what_is_no_message_is_refused_as_the_protocol_has_it(client, key):
    headers = {"authorization": f"Bearer {key}", "accept": "application/json, text/event-stream"}
    for body in ("{", "[1]", "[" * 100_000, '{"jsonrpc": "2.0"}'):
        response = client.post("/mcp", body, content_type="application/json", headers=headers)
        assert response.status_code in (400, 202)
    assert client.get("/mcp", headers=headers).status_code == 405
    assert client.delete("/mcp/", headers=headers).status_code == 405
    large = client.post("/mcp", "x" * 5_000_000, content_type="application/json", headers=headers)
    assert large.status_code == 413
