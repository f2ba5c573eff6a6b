"""What asking costs: python -m bench.asking [PASSAGES]

A collection of made-up passages (20,000 unless told, `_corpus`) is asked through the site's own
web server, with a chat server of the measurement's own. How long it takes from the question to its
first passages, how much of that is neither encoding nor searching; how soon the first piece of an
answer is passed on; and what searches take while fifty people watch answers of a slow server.
"""

import sys
import threading
import time
from dataclasses import dataclass

import numpy as np

from bench._asked import Asker, Chat, web
from bench._site import VAR, machine, site

SIZE = 20_000
ASKED = 150
WARM = 15
WATCHING = 50  # people, each with an answer of its own
SLOW = 0.2  # seconds between two tokens of the slow server
SEARCHES = 150
FILE = VAR / "asked.npz"
TEXTS = """
UPDATE collections_app_document document SET text = passage.text
FROM collections_app_passage passage WHERE passage.document_id = document.id
"""
COUNTED = """
UPDATE collections_app_passage passage SET heading = document.title, token_count = counted.n
FROM collections_app_document document, unnest(%(ids)s::int8[], %(tokens)s::int4[]) counted(id, n)
WHERE passage.id = counted.id AND document.id = passage.document_id
"""


@dataclass(frozen=True)
class Site:
    """Where it is asked."""

    port: int
    token: str
    collection: int
    chat: Chat

    def asker(self) -> Asker:
        return Asker(self.port, self.token, self.collection)


def main(size: int) -> None:
    sys.stdout.reconfigure(line_buffering=True)
    with site():
        print(f"Machine: {machine()}")
        from bench import _queries
        from bench._corpus import Corpus, execute, filled
        from collections_app.models import EmbeddingModel
        from collections_app.services import default_model
        from search_app.queries import indexes

        corpus = Corpus(size)
        began = time.monotonic()
        collection = filled(corpus)
        execute(TEXTS)
        _count()
        indexes.maintain(1000)
        real = default_model()
        EmbeddingModel.objects.filter(pk=collection.embedding_model_id).update(
            backend=real.backend, ref=real.ref, token_limit=real.token_limit
        )
        print(f"{size:,} passages filled in {time.monotonic() - began:.0f} s")
        queries = _queries.chosen(corpus, ASKED + WARM + WATCHING + SEARCHES, words=8)
        np.savez(FILE, texts=np.array(list(queries)), vectors=np.array(list(queries.values())))
        chat = Chat()
        with web(collection.owner, chat, FILE) as (port, token):
            _measured(Site(port, token, collection.pk, chat), list(queries))


def _count() -> None:
    """Give each passage its document's title as a heading, and its tokens, as splitting does."""
    from bench._corpus import execute
    from collections_app import vectors
    from collections_app.models import Passage
    from collections_app.pipeline.split import embedded_text
    from collections_app.services import default_model

    counter = vectors.tokenizer(default_model())
    rows = list(Passage.objects.values_list("pk", "document__title", "text"))
    tokens = [counter.count(embedded_text(title, text)) for _pk, title, text in rows]
    execute(COUNTED, {"ids": [pk for pk, *_rest in rows], "tokens": tokens})
    execute("VACUUM ANALYZE collections_app_passage")


def _measured(home: Site, texts: list[str]) -> None:
    asked, rest = texts[: ASKED + WARM], texts[ASKED + WARM :]
    _first_passages(home, asked, "chat model")
    _first_passages(home, asked, "quotes", chat="quotes")
    alone = _searches(home, rest[:SEARCHES])
    print(f"searches alone: {_told(alone)}")
    with _Watching(home, rest[SEARCHES:]) as watching:
        meanwhile = _searches(home, rest[:SEARCHES])
        streaming = watching.streaming()
    print(f"searches while {streaming} of {WATCHING} answers stream: {_told(meanwhile)}")
    ratios = [np.percentile(meanwhile, p) / np.percentile(alone, p) for p in (50, 99)]
    print(f"ratio p50 {ratios[0]:.2f}, p99 {ratios[1]:.2f}; {watching.finished} answers came whole")
    print(f"first piece of each passed on after {_told(watching.passed)}")
    assert streaming == WATCHING, "Not all of them could watch at once."


def _first_passages(home: Site, texts: list[str], kind: str, **more: str) -> None:
    """From the question sent to the answer that has its passages, and to the event that has them
    again, one question after the other."""
    asker = home.asker()
    whole, own, streamed, passed = [], [], [], []
    for place, text in enumerate(texts):
        began = time.monotonic()
        number, searched = asker.ask(text, **more)
        answered = time.monotonic()
        came = dict.fromkeys(("passages", "text"), 0.0)
        for event, when in asker.stream(number):
            came[event] = came.get(event) or when
        if place >= WARM:
            whole.append(answered - began)
            own.append(whole[-1] - searched / 1000)
            streamed.append(came["passages"] - began)
            if text in home.chat.sent and came["text"]:
                passed.append(came["text"] - home.chat.sent[text])
    print(f"question to first passages, {kind}: {_told(whole)}; ours in that: {_told(own)}")
    print(f"question to the stream's event with passages: {_told(streamed)}")
    if passed:
        print(f"first piece passed on after {_told(passed)}")


def _searches(home: Site, texts: list[str]) -> list[float]:
    asker = home.asker()
    times = []
    for text in [*texts[:WARM], *texts]:
        began = time.monotonic()
        asker.search(text)
        times.append(time.monotonic() - began)
    return times[WARM:]


class _Watching:
    """People who each watch an answer of the slow server, until the end of the block."""

    def __init__(self, home: Site, texts: list[str]) -> None:
        home.chat.tokens, home.chat.pause = 1000, SLOW
        home.chat.sent.clear()
        self.home, self.ended = home, threading.Event()
        self.came: dict[str, float] = {}
        self.passed: list[float] = []
        self.finished = 0
        self.people = [
            threading.Thread(target=self._watch, args=(one,), daemon=True) for one in texts
        ]

    def _watch(self, text: str) -> None:
        asker = self.home.asker()
        number, _searched = asker.ask(text)
        for event, when in asker.stream(number):
            if event == "text" and text not in self.came:
                self.came[text] = when
                self.passed.append(when - self.home.chat.sent[text])
            if event in ("done", "failed"):
                self.finished += event == "done"
                break

    def streaming(self) -> int:
        return len(self.came)

    def __enter__(self) -> "_Watching":
        for one in self.people:
            one.start()
        until = time.monotonic() + 20
        while len(self.came) < len(self.people) and time.monotonic() < until:
            time.sleep(0.1)
        return self

    def __exit__(self, *args: object) -> None:
        self.home.chat.tokens = 0  # the answers end with their next token
        for one in self.people:
            one.join(30)


def _told(times: list[float]) -> str:
    assert times, "Nothing was answered."
    middle, worst = (1000 * float(np.percentile(times, p)) for p in (50, 99))
    return f"p50 {middle:.1f} ms, p99 {worst:.1f} ms"


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else SIZE)
