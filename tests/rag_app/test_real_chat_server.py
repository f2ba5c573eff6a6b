"""Answers written by a real model behind a real server, in a process of its own."""

import json
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from urllib.request import urlopen

import pytest
from django.conf import settings as site_settings

from rag_app import answer
from rag_app.answer import chat_models
from rag_app.models import ChatModel
from tests.rag_app.random_chat import TOKENS, WORDS
from tests.rag_app.test_answering import QUESTION, read

pytestmark = pytest.mark.django_db
START_SECONDS = 120


@dataclass
class Peer:
    port: int
    processes: list[subprocess.Popen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.rag_app.random_chat", str(self.port)]
        self.processes.append(subprocess.Popen(command, cwd=site_settings.BASE_DIR))
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                self.told()
            except OSError:
                assert self.processes[-1].poll() is None, "It did not start."
                time.sleep(0.2)
            else:
                return
        pytest.fail("The chat server did not start in time.")

    def told(self) -> dict:
        with urlopen(f"http://127.0.0.1:{self.port}/told", timeout=60) as reply:
            return json.loads(reply.read())

    def kill(self) -> None:
        self.processes[-1].send_signal(signal.SIGKILL)
        self.processes[-1].wait(60)

    def left(self) -> dict:
        """The counts, once it has noticed that its reader has left."""
        until = time.monotonic() + 120
        while not self.told().get("left") and time.monotonic() < until:
            time.sleep(0.05)
        return self.told()


@pytest.fixture(scope="module")
def peer():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = Peer(free.getsockname()[1])
    made.start()
    yield made
    for one in made.processes:
        one.kill()
        one.wait(60)


@pytest.fixture
def asked(notes, peer, no_chat):
    """A question to the model, and what its row is to have."""

    def ask(ref, **fields):
        row = ChatModel(name=ref, backend="openai-compatible", ref=ref)
        chat_models.save(row, base_url=peer.url, context_tokens=3000, **fields)
        return answer.ask(notes.owner, QUESTION, collection=notes, chat=ref)

    return ask


def test_answer_comes_in_pieces_with_the_tokens_it_took(asked, peer):
    question = asked("random")
    events = list(answer.stream(question))
    pieces = [event.data["text"] for event in events if event.kind == "text"]
    made = read(question).answer
    assert (events[0].kind, events[-1].kind) == ("passages", "done")
    assert len(pieces) > 5
    assert (made.state, made.text) == ("complete", "".join(pieces))
    assert set(made.text.split()) <= {*WORDS, "<unk>"}
    told = peer.told()
    assert (made.prompt_tokens, made.answer_tokens) == (
        told["prompt_tokens"],
        told["completion_tokens"],
    )
    assert made.answer_tokens == TOKENS["random"]
    assert made.prompt_tokens > 50


def test_limit_on_an_answer_is_the_servers_and_told(asked, peer):
    question = asked("random", answer_tokens=5)
    answer.write(question)
    made = read(question)
    assert (made.answer.state, made.answer.answer_tokens) == ("partial", 5)
    assert 0 < len(made.answer.text.split()) <= 5  # special tokens are no words
    assert made.answer.error.startswith("The answer reached the most tokens")
    assert made.can_retry
    assert made.passages


def test_reader_who_leaves_ends_the_generation(asked, peer):
    question = asked("random-long")
    events = answer.stream(question)
    kinds = [next(events).kind for _ in range(4)]
    events.close()
    assert kinds == ["passages", "text", "text", "text"]
    made = read(question).answer
    assert (made.state, made.error[:26]) == ("partial", "The answer was interrupted")
    assert made.text
    told = peer.left()
    assert told["left"]
    assert told["completion_tokens"] < TOKENS["random-long"]


def test_stop_button_ends_the_generation(asked, peer):
    question = asked("random-long")
    events = answer.stream(question)
    for _ in range(3):
        next(events)
    answer.stop(question)
    rest = list(events)
    assert rest[-1].data["message"] == "You stopped this answer."
    assert peer.left()["completion_tokens"] < TOKENS["random-long"]


def test_answer_that_takes_too_long_is_cut_and_kept(asked, peer, settings):
    settings.CHAT_TIMEOUT_SECONDS = 0.2  # of silence; five times that in all
    question = asked("random-long")
    answer.write(question)
    made = read(question)
    assert made.answer.error.startswith("The chat server took too long.")
    assert (made.answer.state == "partial") == bool(made.answer.text)
    assert made.can_retry
    assert peer.left()["completion_tokens"] < TOKENS["random-long"]


def test_server_killed_in_the_middle_leaves_what_it_said_and_may_be_asked_again(asked, peer):
    question = asked("random-long")
    events = answer.stream(question)
    for _ in range(4):
        next(events)
    peer.kill()
    last = list(events)[-1]
    made = read(question)
    assert (last.kind, made.answer.state) == ("failed", "partial")
    assert last.data["message"].startswith("The chat server stopped in the middle")
    assert made.answer.text
    assert made.passages
    again = answer.retry(question)
    answer.write(again)
    assert read(again).answer.error.startswith("The chat server cannot be reached.")
    peer.start()
    again = answer.retry(again)
    events = answer.stream(again)
    assert [next(events).kind for _ in range(2)] == ["passages", "text"]
    events.close()
