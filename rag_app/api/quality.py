"""Test questions of a collection, and runs over them, for its editors."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import action, api_view
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection
from rag_app import quality
from rag_app.evaluation import questions
from rag_app.models import AnswerEvaluation, MeasuredAnswer, TestQuestion
from rag_app.serializers.quality import (
    AnswerEvaluationSerializer,
    BroughtQuestionsSerializer,
    MeasuredAnswerSerializer,
    TestQuestionSerializer,
    TestQuestionsFileSerializer,
    WantedAnswerEvaluationSerializer,
    WrittenTestQuestionSerializer,
)
from search_app.editing import editable

TAGS = ["quality"]


def _told(collection: Collection, rows: list[TestQuestion]) -> list[dict[str, Any]]:
    there = questions.there(collection, (each for one in rows for each in one.documents))
    return list(TestQuestionSerializer(rows, many=True, context={"there": there}).data)


def _write(
    request: Request, collection: Collection, question: TestQuestion | None = None
) -> dict[str, Any]:
    """The question that was sent, as it was written."""
    sent = WrittenTestQuestionSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    values = sent.validated_data
    made = questions.write(
        collection, values["question"], values["documents"], values["facts"], question
    )
    return _told(collection, [made])[0]


class CollectionTestQuestions(generics.ListAPIView[TestQuestion]):
    queryset = TestQuestion.objects.none()
    serializer_class = TestQuestionSerializer

    @extend_schema(
        operation_id="test_questions_list",
        summary=_("List the test questions of a collection"),
        description=_("The newest first. For those who may edit it."),
        tags=TAGS,
    )
    def get(self, request: Request, pk: int) -> Response:
        collection = editable(request.user, pk)
        page = self.paginate_queryset(quality.questions(request.user, collection))
        return self.get_paginated_response(_told(collection, list(page or [])))

    @extend_schema(
        operation_id="test_questions_create",
        summary=_("Add a test question"),
        description=_("With the ids of the documents that answer it; without, it has no answer."),
        tags=TAGS,
        request=WrittenTestQuestionSerializer,
        responses={201: TestQuestionSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        return Response(_write(request, editable(request.user, pk)), status.HTTP_201_CREATED)


@extend_schema_view(
    destroy=extend_schema(
        operation_id="test_questions_delete", summary=_("Delete a test question"), tags=TAGS
    ),
)
class TestQuestionViewSet(mixins.DestroyModelMixin, viewsets.GenericViewSet[TestQuestion]):
    queryset = TestQuestion.objects.none()
    serializer_class = TestQuestionSerializer
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[TestQuestion]:
        return TestQuestion.objects.visible_to(self.request.user).select_related("collection")

    @extend_schema(operation_id="test_questions_read", summary=_("Show a test question"), tags=TAGS)
    def retrieve(self, request: Request, pk: int) -> Response:
        found = self.get_object()
        return Response(_told(found.collection, [found])[0])

    @extend_schema(
        operation_id="test_questions_write",
        summary=_("Write a test question anew"),
        tags=TAGS,
        request=WrittenTestQuestionSerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        found = self.get_object()
        return Response(_write(request, found.collection, found))


@extend_schema(
    operation_id="test_questions_import",
    summary=_("Import test questions"),
    description=_("The JSON that the export gives. One with the words of another replaces it."),
    tags=TAGS,
    request=TestQuestionsFileSerializer,
    responses=BroughtQuestionsSerializer,
)
@api_view(["POST"])
def test_questions_import(request: Request, pk: int) -> Response:
    collection = editable(request.user, pk)
    given = request.data
    sent = TestQuestionsFileSerializer(
        data={"questions": given} if isinstance(given, list) else given
    )
    sent.is_valid(raise_exception=True)
    done = questions.bring_in(collection, sent.known())
    return Response(BroughtQuestionsSerializer(done).data)


@extend_schema(
    operation_id="test_questions_export",
    summary=_("Export test questions"),
    description=_("As the import takes them; documents that are gone are not named."),
    tags=TAGS,
    responses=TestQuestionsFileSerializer,
)
@api_view(["GET"])
def test_questions_export(request: Request, pk: int) -> Response:
    return Response(questions.written(editable(request.user, pk)))


class CollectionAnswerEvaluations(generics.ListAPIView[AnswerEvaluation]):
    queryset = AnswerEvaluation.objects.none()
    serializer_class = AnswerEvaluationSerializer

    @extend_schema(
        operation_id="answer_evaluations_list",
        summary=_("List the evaluations of a collection's answers"),
        description=_("The newest first. For those who may edit it."),
        tags=TAGS,
    )
    def get(self, request: Request, pk: int) -> Response:
        rows = quality.evaluations(request.user, editable(request.user, pk))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(AnswerEvaluationSerializer(page, many=True).data)

    @extend_schema(
        operation_id="answer_evaluations_run",
        summary=_("Ask the test questions"),
        description=_("In the background: ask how it is."),
        tags=TAGS,
        request=WantedAnswerEvaluationSerializer,
        responses={202: AnswerEvaluationSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        collection = editable(request.user, pk)
        wanted = WantedAnswerEvaluationSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        made = quality.request(collection, cast(User, request.user), **wanted.validated_data)
        return Response(AnswerEvaluationSerializer(made).data, status.HTTP_202_ACCEPTED)


@extend_schema_view(
    retrieve=extend_schema(
        operation_id="answer_evaluations_read",
        summary=_("Show an evaluation of answers"),
        tags=TAGS,
    ),
    destroy=extend_schema(
        operation_id="answer_evaluations_delete",
        summary=_("Delete an evaluation of answers"),
        description=_("One that is being done stops."),
        tags=TAGS,
    ),
)
class AnswerEvaluationViewSet(
    mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[AnswerEvaluation]
):
    queryset = AnswerEvaluation.objects.none()
    serializer_class = AnswerEvaluationSerializer
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[AnswerEvaluation]:
        return AnswerEvaluation.objects.visible_to(self.request.user).select_related("collection")

    @extend_schema(
        operation_id="answer_evaluations_cancel",
        summary=_("Cancel an evaluation of answers that waits or is being done"),
        tags=TAGS,
        request=None,
        responses=AnswerEvaluationSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        found = self.get_object()
        quality.cancel(found)
        found.refresh_from_db()
        return Response(AnswerEvaluationSerializer(found).data)

    @extend_schema(
        operation_id="answer_evaluations_questions",
        summary=_("List what came of each question"),
        description=_("As far as it is done, the last one first."),
        tags=TAGS,
        responses=MeasuredAnswerSerializer(many=True),
    )
    @action(detail=True)
    def questions(self, request: Request, pk: int) -> Response:
        found = self.get_object()
        rows: Any = MeasuredAnswer.objects.filter(evaluation=found).order_by("-pk")
        page: list[MeasuredAnswer] = list(self.paginate_queryset(rows) or [])
        named = (each for one in page for each in one.measured["ranks"])
        there = questions.there(found.collection, named)
        told = MeasuredAnswerSerializer(page, many=True, context={"there": there})
        return self.get_paginated_response(told.data)
