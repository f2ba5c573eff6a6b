"""`/v1/chat/completions`: a collection answers as a model does, for any chat client."""

import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app import vectors
from collections_app.api.openai_models import TAGS, OpenAIView, no_model
from collections_app.collection_names import NoSuchCollection, named
from collections_app.models import Collection
from collections_app.openai_errors import BadRequest
from collections_app.services import Rejected, default_model
from collections_app.throttles import AskThrottle
from rag_app import answer
from rag_app.answer_text import pieces, sources
from rag_app.language.safe import inert_pieces
from rag_app.models import Answer, Question
from rag_app.serializers.answers import CitationSerializer
from rag_app.serializers.completions import (
    Completion,
    CompletionReplySerializer,
    CompletionSerializer,
    completion,
)


class Busy(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = gettext_lazy("Many answers are being given at this moment. Try again soon.")
    wait = 3  # seconds; becomes Retry-After


class ChatFailed(exceptions.APIException):
    """Told with the passages found; `wait`: seconds until its server may be asked again."""

    status_code: int = status.HTTP_502_BAD_GATEWAY

    def __init__(self, message: str, wait: int = 0) -> None:
        super().__init__(message)
        self.wait = wait  # becomes Retry-After, where it is known
        if wait:
            self.status_code = status.HTTP_503_SERVICE_UNAVAILABLE


class Completions(OpenAIView):
    throttle_classes = [AskThrottle]

    @extend_schema(
        operation_id="openai_chat_completions",
        summary=gettext_lazy("Ask a collection (OpenAI)"),
        description=gettext_lazy(
            "As OpenAI's own. `model` is `collection-` and the number of a collection, or of "
            "several with commas between them, or `all-collections`. The last user message is the "
            "question, earlier ones are the conversation. `citations` say where each part of the "
            "answer stands. The question is kept in one's list if `store` is true."
        ),
        tags=TAGS,
        request=CompletionSerializer,
        responses=CompletionReplySerializer,
    )
    def post(self, request: Request) -> HttpResponseBase:
        wanted = completion(request.data)
        try:
            among = named(request.user, wanted.model)
        except NoSuchCollection:
            raise no_model() from None
        with ExitStack() as stack:
            try:
                asked = stack.enter_context(_asked(request, wanted, among))
            except Rejected as error:
                raise BadRequest(str(error), "messages") from error
            reply = _Reply(request, wanted, asked, among)
            if not wanted.stream:
                return Response(reply.whole())
            opened = stack.enter_context(closing(_Opened(asked, wanted.role, reply.failed)))
            # From here on all is closed with the response: at its end, or when the client leaves.
            return _event_stream(reply.chunks(opened), stack.pop_all().close)


def _asked(
    request: Request, wanted: Completion, among: list[Collection]
) -> AbstractContextManager[Question]:
    text = answer.standalone(wanted.question, wanted.earlier)
    if wanted.store:
        return nullcontext(answer.ask(request.user, text, among=among))
    return answer.passing(request.user, text, among)


class _Opened:
    """An answer that is being written, up to its first piece: what fails before that is an
    error with a status, not the end of a stream. Raises Busy and ChatFailed."""

    def __init__(self, asked: Question, role: str, failed: Callable[[str], ChatFailed]) -> None:
        self._failed = failed
        self.first: list[str] = []
        self.rest: Generator[answer.Event, None, None] | None = None
        if asked.answer.state != Answer.State.PENDING:
            return
        self.rest = answer.stream(asked, role=role)
        for event in self.rest:
            if event.kind == "busy":
                raise Busy
            if event.kind == "failed":
                raise self._failed(event.data["message"])
            if event.kind == "text":
                self.first.append(event.data["text"])
                return

    def close(self) -> None:
        if self.rest is not None:
            self.rest.close()

    def pieces(self) -> Iterator[str]:
        """What the chat model says, as it comes; nothing where none is asked. Raises ChatFailed
        where it breaks off."""
        yield from inert_pieces(self._said())

    def _said(self) -> Iterator[str]:
        yield from self.first
        for event in self.rest or ():
            if event.kind == "text":
                yield event.data["text"]
            elif event.kind == "failed":
                raise self._failed(event.data["message"])


class _Reply:
    """The answer to one request, whole or in chunks."""

    def __init__(
        self, request: Request, wanted: Completion, asked: Question, among: list[Collection]
    ) -> None:
        self.request, self.wanted, self.asked = request, wanted, asked
        self.model = among[0].embedding_model if among else default_model()
        self.created = int(time.time())

    def whole(self) -> dict[str, Any]:
        try:
            reading = answer.answered(self.asked, role=self.wanted.role)
        except answer.Busy:
            raise Busy from None
        if reading.answer.state == Answer.State.FAILED:
            raise self.failed(reading.error)
        text = "".join(pieces(reading)) + sources(reading, self._address)
        partial = reading.answer.state == Answer.State.PARTIAL
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None,
            "finish_reason": "length" if partial else "stop",
        }
        more = {"warning": reading.error} if partial else {}
        made = self._head("chat.completion") | {"choices": [choice]} | self._told(reading) | more
        return made | {"usage": self._usage(reading, text)}

    def failed(self, message: str) -> ChatFailed:
        """With the passages found, which are kept nowhere else."""
        self.asked.answer.refresh_from_db()
        reading = answer.read(self.asked)
        return ChatFailed(message + sources(reading, self._address), reading.retry_in)

    def chunks(self, opened: _Opened) -> Iterator[bytes]:
        """Server-sent events: the pieces, then citations with the last word, then the usage."""
        yield self._chunk({"role": "assistant", "content": ""})
        text = ""
        try:
            for piece in opened.pieces():
                text += piece
                yield self._chunk({"content": piece})
            self.asked.answer.refresh_from_db()
            reading = answer.read(self.asked)
            said = [] if text else list(pieces(reading))
            for piece in [*said, sources(reading, self._address)]:
                text += piece
                if piece:
                    yield self._chunk({"content": piece})
        except ChatFailed as error:
            told = {"message": str(error.detail), "type": "server_error", "code": None}
            yield _event({"error": told})
            return
        yield self._chunk({}, "stop", self._told(reading))
        if self.wanted.usage:
            usage = {"choices": [], "usage": self._usage(reading, text)}
            yield _event(self._head("chat.completion.chunk") | usage)
        yield b"data: [DONE]\n\n"

    def _chunk(
        self, delta: dict[str, str], finish: str | None = None, more: dict[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = self._head("chat.completion.chunk")
        return _event(head | {"choices": [choice]} | (more or {}))

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.asked.pk.hex}",
            "object": kind,
            "created": self.created,
            "model": self.wanted.model,
        }

    def _told(self, reading: answer.Reading) -> dict[str, Any]:
        """What OpenAI's replies do not have."""
        rows = CitationSerializer(reading.citations, many=True).data
        told = {
            "question": self.asked.text,
            "kind": reading.answer.kind,
            "citations": [{**row, "url": self._address(row["url"])} for row in rows],
        }
        if self.wanted.store:
            told["question_url"] = self._address(self.asked.get_absolute_url())
        return told

    def _address(self, path: str) -> str:
        return self.request.build_absolute_uri(path)

    def _usage(self, reading: answer.Reading, text: str) -> dict[str, int]:
        """In tokens of the embedding model: those of a chat model are not known here."""
        counter = vectors.tokenizer(self.model)
        given = [self.wanted.role, *(one["content"] for one in self.wanted.earlier)]
        given.append(self.wanted.question)
        if reading.answer.kind == Answer.Kind.CHAT:
            given += [citation.quote for citation in reading.citations]
        prompt, made = sum(map(counter.count, given)), counter.count(text)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": made,
            "total_tokens": prompt + made,
        }


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


class _Closing:
    """The lines of a response, and what is to be closed with it, begun or not."""

    def __init__(self, lines: Iterator[bytes], close: Callable[[], None]) -> None:
        self._lines, self.close = lines, close

    def __iter__(self) -> Iterator[bytes]:
        return self._lines


def _event_stream(lines: Iterator[bytes], close: Callable[[], None]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_Closing(lines, close), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx is not to hold the pieces back
    return response
