"""An answer over HTTP while it is written: server-sent events."""

from collections.abc import Iterator
from contextlib import closing

from django.http import StreamingHttpResponse

from rag_app import answer
from rag_app.language import sse
from rag_app.models import Question

BUSY = b"retry: 3000\n: busy, ask again\n\n"  # the browser does, after three seconds
WAIT = b": nothing new yet\n\n"


def event_stream(question: Question) -> StreamingHttpResponse:
    """The events of `answer.stream`. A client that leaves stops the model."""
    response = StreamingHttpResponse(_events(question), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx is not to hold the pieces back
    return response


def _events(question: Question) -> Iterator[bytes]:
    with closing(answer.stream(question)) as events:
        for event in events:
            if event.kind == "busy":
                yield BUSY
            elif event.kind == "wait":
                yield WAIT
            else:
                yield sse.event(event.kind, event.data)
