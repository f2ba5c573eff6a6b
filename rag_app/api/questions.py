"""Questions: ask, read, stream, ask again, delete."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle

from collections_app.pagination import ByTimePagination
from collections_app.throttles import AskThrottle
from collections_app.tokens import AsksPermission, SignedInPermission
from rag_app import answer
from rag_app.event_stream import event_stream
from rag_app.models import Answer, Question
from rag_app.serializers.answers import AnswerSerializer
from rag_app.serializers.prompts import PromptPreviewSerializer, SentSerializer
from rag_app.serializers.questions import (
    AskSerializer,
    QuestionSerializer,
    RetrySerializer,
    ShareSerializer,
    ThumbSerializer,
)
from rag_app.visitors import own_questions, session_key

TAGS = ["questions"]
MOST_TURNS = 100  # of a conversation in one answer, the last ones


class EventStreamRenderer(JSONRenderer):
    """Lets a client ask for an event stream; problems come as JSON all the same."""

    media_type = "text/event-stream"
    format = "events"


@extend_schema_view(
    list=extend_schema(
        operation_id="questions_list",
        summary=_("List one's own questions"),
        description=_("Newest first. A visitor's are those of the visitor's session."),
        tags=TAGS,
    ),
    destroy=extend_schema(
        operation_id="questions_delete", summary=_("Delete a question and its answer"), tags=TAGS
    ),
)
class QuestionViewSet(
    mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[Question]
):
    queryset = Question.objects.none()
    serializer_class: type[BaseSerializer[Any]] = QuestionSerializer
    permission_classes = [AsksPermission]
    pagination_class = ByTimePagination
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Question]:
        return own_questions(self.request)

    def get_throttles(self) -> list[BaseThrottle]:
        return [AskThrottle()] if self.action in ("create", "retry", "preview") else []

    @extend_schema(
        operation_id="questions_ask",
        summary=_("Ask a question"),
        description=_(
            "Answered from the documents that one may see: by the chat model if the site has "
            "one, else by quotes. The kind “none” means that no document is about it."
        ),
        tags=TAGS,
        request=AskSerializer,
        responses={201: AnswerSerializer},
    )
    def create(self, request: Request) -> Response:
        wanted = AskSerializer(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        asked = answer.ask(
            request.user,
            values["question"],
            session_key=session_key(request),
            **self._how(wanted),
        )
        return _asked(request, asked, wait=values["wait"], code=status.HTTP_201_CREATED)

    def _how(self, wanted: AskSerializer) -> dict[str, Any]:
        """What is asked of what, and how."""
        values, after = wanted.validated_data, None
        if values["after"]:
            after = get_object_or_404(self.get_queryset(), pk=values["after"])
        return {
            "collection": values["collection"],
            "among": values["collections"],
            "chat": values["chat"],
            "after": after,
            **wanted.steering(),
        }

    @extend_schema(
        operation_id="questions_preview",
        summary=_("Show the prompt of a question"),
        description=_("What the chat model would be sent. Nothing is asked, nothing is kept."),
        tags=TAGS,
        request=AskSerializer,
        responses=PromptPreviewSerializer,
    )
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        wanted = AskSerializer(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        text = wanted.validated_data["question"]
        question, draft = answer.preview(request.user, text, **self._how(wanted))
        sent = answer.drafted(draft, request.user) or answer.Sent("")
        told = SentSerializer(sent).data
        return Response({**told, "kind": draft.kind, "standalone": question.standalone})

    @extend_schema(
        operation_id="questions_prompt",
        summary=_("Show the prompt of an answer"),
        description=_("What the chat model was sent, and what was left out of it and why."),
        tags=TAGS,
        responses=SentSerializer,
    )
    @action(detail=True)
    def prompt(self, request: Request, pk: str) -> Response:
        return Response(SentSerializer(answer.sent(self.get_object()) or answer.Sent("")).data)

    @extend_schema(
        operation_id="questions_conversation",
        methods=["GET"],
        summary=_("Show a conversation"),
        description=_("The questions of one conversation with their answers, the first one first."),
        tags=TAGS,
        responses=AnswerSerializer(many=True),
    )
    @extend_schema(
        operation_id="questions_conversation_delete",
        methods=["DELETE"],
        summary=_("Delete a conversation"),
        tags=TAGS,
        responses={204: None},
    )
    @action(detail=True, methods=["get", "delete"])
    def conversation(self, request: Request, pk: str) -> Response:
        rows, conversation = self.get_queryset(), self.get_object().conversation
        if request.method == "DELETE":
            answer.delete_conversation(rows, conversation)
            return Response(status=status.HTTP_204_NO_CONTENT)
        turns = answer.turns(rows, conversation)
        last = reversed(turns.reverse()[:MOST_TURNS])
        readings = [answer.read(one) for one in last]
        told = AnswerSerializer(readings, many=True, context={"request": request})
        return Response(told.data)

    @extend_schema(
        operation_id="questions_share",
        methods=["POST"],
        summary=_("Share a question by its link"),
        description=_(
            "Whoever has it may read its page, as far as they may see its documents. With "
            "`conversation` the questions before it are shared along, those after it are not."
        ),
        tags=TAGS,
        request=ShareSerializer,
        responses=AnswerSerializer,
    )
    @extend_schema(
        operation_id="questions_unshare",
        methods=["DELETE"],
        summary=_("Share a question no longer"),
        tags=TAGS,
        responses={200: AnswerSerializer},
    )
    @action(detail=True, methods=["post", "delete"])
    def share(self, request: Request, pk: str) -> Response:
        asked = self.get_object()
        wanted = ShareSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        whole = wanted.validated_data["conversation"]
        answer.share(asked, yes=request.method == "POST", conversation=whole)
        return _answered(request, asked, wait=False)

    @extend_schema(
        operation_id="questions_thumb",
        summary=_("Say whether an answer is right"),
        description=_("It becomes a judged query: the documents it cites are right, or are not."),
        tags=TAGS,
        request=ThumbSerializer,
        responses={204: None},
    )
    @action(detail=True, methods=["post"], permission_classes=[SignedInPermission])
    def thumb(self, request: Request, pk: str) -> Response:
        asked = self.get_object()
        sent = ThumbSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        answer.thumb(cast(User, request.user), asked, sent.validated_data["say"])
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="questions_stop",
        summary=_("Stop an answer"),
        description=_("What was written of it stays."),
        tags=TAGS,
        request=None,
        responses=AnswerSerializer,
    )
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        asked = self.get_object()
        answer.stop(asked)
        asked.answer.refresh_from_db()
        return _answered(request, asked, wait=False)

    @extend_schema(
        operation_id="questions_read",
        summary=_("Show a question with its answer"),
        tags=TAGS,
        responses=AnswerSerializer,
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return _answered(request, self.get_object(), wait=False)

    @extend_schema(
        operation_id="questions_stream",
        summary=_("Watch an answer being written"),
        description=_(
            "Server-sent events with JSON in their data. `passages`: those found; `text`: the "
            "next piece of the answer; last comes `done` or `failed`, with the state."
        ),
        tags=TAGS,
        responses={(200, "text/event-stream"): OpenApiResponse(str)},
    )
    @action(detail=True, renderer_classes=[EventStreamRenderer, JSONRenderer])
    def stream(self, request: Request, pk: str) -> StreamingHttpResponse:
        return event_stream(self.get_object())

    @extend_schema(
        operation_id="questions_retry",
        summary=_("Ask again"),
        description=_("Finds the passages anew; the new answer takes the place of the old one."),
        tags=TAGS,
        request=RetrySerializer,
        responses=AnswerSerializer,
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        asked = self.get_object()
        wanted = RetrySerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        made = answer.retry(asked, chat=values.get("chat"), **wanted.steering())
        return _asked(request, made, wait=values["wait"], code=status.HTTP_200_OK)


def _answered(
    request: Request, asked: Question, *, wait: bool, code: int = status.HTTP_200_OK
) -> Response:
    """The answer as it is now, or, with `wait`, once it has been written."""
    if wait:
        answer.write(asked)
        asked.answer.refresh_from_db()
    return _told(request, answer.read(asked), code)


def _asked(request: Request, asked: Question, *, wait: bool, code: int) -> Response:
    """Likewise of a question that was asked in this moment."""
    if wait and asked.answer.state == Answer.State.PENDING:
        return _answered(request, asked, wait=True, code=code)
    return _told(request, answer.read_drafted(asked), code)


def _told(request: Request, reading: answer.Reading, code: int) -> Response:
    return Response(AnswerSerializer(reading, context={"request": request}).data, code)
