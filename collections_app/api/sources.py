"""Sources and their runs. Only who may change the collection sees them."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection, Run, RunProblem, Source
from collections_app.serializers.sources import (
    RunProblemSerializer,
    RunSerializer,
    SourceEditSerializer,
    SourceSerializer,
)
from collections_app.services import sources as service
from collections_app.tokens import SignedInPermission

TAGS = ["sources"]


@extend_schema_view(
    get=extend_schema(
        operation_id="sources_list", summary=_("List the sources of a collection"), tags=TAGS
    )
)
class CollectionSources(generics.ListAPIView[Source]):
    queryset = Source.objects.none()
    serializer_class = SourceSerializer
    permission_classes = [SignedInPermission]

    def collection(self) -> Collection:
        rows = Collection.objects.editable_by(self.request.user)
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[Source]:
        return Source.objects.filter(collection=self.collection())

    @extend_schema(
        operation_id="sources_add",
        summary=_("Add a source"),
        description=_("It runs when asked to, or on its schedule."),
        tags=TAGS,
        request=SourceSerializer,
        responses={201: SourceSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        collection = self.collection()
        given = SourceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values: dict[str, Any] = {"options": {}} | dict(given.validated_data)
        made = service.create_source(collection, **values)
        return Response(SourceSerializer(made).data, status.HTTP_201_CREATED)


@extend_schema_view(
    retrieve=extend_schema(operation_id="sources_read", summary=_("Show a source"), tags=TAGS),
)
class SourceViewSet(
    mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[Source]
):
    queryset = Source.objects.none()
    serializer_class = SourceSerializer
    permission_classes = [SignedInPermission]
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Source]:
        return Source.objects.editable_by(self.request.user).select_related("blob")

    @extend_schema(
        operation_id="sources_edit",
        summary=_("Edit a source"),
        description=_("`options` and `secrets` take the place of all that were there."),
        tags=TAGS,
        request=SourceEditSerializer,
        responses=SourceSerializer,
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        source = self.get_object()
        given = SourceEditSerializer(source, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        ends = "every_minutes" in values and values["every_minutes"] is None
        changed = service.change_source(source, **values, scheduled=not ends)
        return Response(SourceSerializer(changed).data)

    @extend_schema(
        operation_id="sources_delete",
        summary=_("Delete a source"),
        description=_("Its documents stay unless `documents=delete`."),
        tags=TAGS,
        parameters=[OpenApiParameter("documents", str, enum=["keep", "delete"])],
    )
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        keep = request.query_params.get("documents") != "delete"
        service.delete_source(self.get_object(), keep_documents=keep)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="sources_runs",
        summary=_("List the runs of a source"),
        tags=TAGS,
        responses=RunSerializer(many=True),
    )
    @action(detail=True)
    def runs(self, request: Request, pk: int) -> Response:
        rows: Any = self.get_object().runs.all()
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(RunSerializer(page, many=True).data)

    @extend_schema(
        operation_id="sources_run",
        summary=_("Run a source now"),
        tags=TAGS,
        request=None,
        responses={202: RunSerializer},
    )
    @action(detail=True, methods=["post"])
    def run(self, request: Request, pk: int) -> Response:
        run = service.request_run(self.get_object())
        return Response(RunSerializer(run).data, status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="sources_retry",
        summary=_("Ask again for what failed in the last run"),
        tags=TAGS,
        request=None,
        responses={202: RunSerializer},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: int) -> Response:
        run = service.retry_failed(self.get_object())
        return Response(RunSerializer(run).data, status.HTTP_202_ACCEPTED)


def turning(name: str, summary: Any) -> Any:
    """The schema of an action that changes a run's state."""
    return extend_schema(
        operation_id=f"runs_{name}",
        summary=summary,
        tags=TAGS,
        request=None,
        responses=RunSerializer,
    )


@extend_schema_view(
    retrieve=extend_schema(operation_id="runs_read", summary=_("Show a run"), tags=TAGS),
    pause=turning("pause", _("Pause a run")),
    resume=turning("resume", _("Let a paused run go on")),
    cancel=turning("cancel", _("End a run")),
    confirm=turning("confirm", _("Let a run that asks remove what is gone")),
)
class RunViewSet(mixins.RetrieveModelMixin, viewsets.GenericViewSet[Run]):
    queryset = Run.objects.none()
    serializer_class = RunSerializer
    permission_classes = [SignedInPermission]
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Run]:
        return Run.objects.editable_by(self.request.user)

    @extend_schema(
        operation_id="runs_problems",
        summary=_("List what a run left out"),
        tags=TAGS,
        responses=RunProblemSerializer(many=True),
    )
    @action(detail=True)
    def problems(self, request: Request, pk: int) -> Response:
        rows: Any = RunProblem.objects.filter(run=self.get_object())
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(RunProblemSerializer(page, many=True).data)

    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: int) -> Response:
        return self._answer(service.pause_run(self.get_object()))

    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: int) -> Response:
        return self._answer(service.resume_run(self.get_object()))

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        return self._answer(service.cancel_run(self.get_object()))

    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: int) -> Response:
        return self._answer(service.confirm_run(self.get_object()))

    def _answer(self, run: Run) -> Response:
        return Response(self.get_serializer(run).data)
