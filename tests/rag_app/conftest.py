"""What the tests of questions and answers share."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import CollectionFactory, embedded
from tests.rag_app.chat_server import ChatServer

NOTES = {
    "backup": (
        "# Backups\n\nRun the sqlite backup command every night. "
        "The backup is copied to another machine before sunrise."
    ),
    "bread": "# Bread\n\nKnead the dough for ten minutes. Let the dough rest until it doubles.",
    "tides": "# Tides\n\nThe harbour floods twice a day. Spring tides follow the full moon.",
}


@pytest.fixture
def notes():
    """Three notes in a private collection."""
    collection = CollectionFactory()
    embedded(collection, NOTES)
    return collection


@pytest.fixture
def chat_server(settings):
    """A chat server on this machine that the site is set up to use."""
    with ChatServer() as server:
        settings.CHAT_BASE_URL = server.url
        settings.CHAT_MODEL = "scripted-1"
        yield server


@pytest.fixture
def no_chat(settings):
    settings.CHAT_BASE_URL = settings.CHAT_MODEL = ""


@pytest.fixture
def count_queries():
    """How many queries a call makes."""

    def count(call):
        with CaptureQueriesContext(connection) as queries:
            call()
        return len(queries)

    return count
