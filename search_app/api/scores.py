"""Axes and label sets of a collection."""

from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from collections_app.models import Collection, long_columns
from collections_app.throttles import SearchThrottle
from collections_app.tokens import AsksPermission
from search_app import axes, label_sets
from search_app.models import Axis, LabelSet
from search_app.serializers.scores import (
    AssignedLabelSerializer,
    AssignedQuerySerializer,
    AxisSerializer,
    LabelCountSerializer,
    LabelSetSerializer,
    LabelSizeSerializer,
    MeasuredSerializer,
    ScoredDocumentSerializer,
    ScoredTextSerializer,
    ScoreQuerySerializer,
    SentenceSerializer,
)

TAGS = ["scores"]


class OfCollection(generics.ListCreateAPIView[Any]):
    """Rows of a collection: whoever sees it lists them, who may edit it makes them."""

    def get_queryset(self) -> QuerySet[Any]:
        visible = Collection.objects.visible_to(self.request.user)
        found = get_object_or_404(visible, pk=self.kwargs["pk"])
        return super().get_queryset().filter(collection=found)

    def editable(self) -> Collection:
        rows = Collection.objects.editable_by(self.request.user).select_related("embedding_model")
        return get_object_or_404(rows, pk=self.kwargs["pk"])


@extend_schema_view(
    get=extend_schema(operation_id="axes_list", summary=_("List a collection's axes"), tags=TAGS),
    post=extend_schema(operation_id="axes_make", summary=_("Make an axis"), tags=TAGS),
)
class CollectionAxes(OfCollection):
    queryset = Axis.objects.all()
    serializer_class = AxisSerializer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        home = self.editable()
        wanted = AxisSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        made = axes.make_axis(home, **wanted.validated_data)
        return Response(AxisSerializer(made).data, status.HTTP_201_CREATED)


@extend_schema_view(
    get=extend_schema(
        operation_id="label_sets_list", summary=_("List a collection's label sets"), tags=TAGS
    ),
    post=extend_schema(operation_id="label_sets_make", summary=_("Make a label set"), tags=TAGS),
)
class CollectionLabelSets(OfCollection):
    queryset = LabelSet.objects.all()
    serializer_class = LabelSetSerializer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        home = self.editable()
        wanted = LabelSetSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        made = label_sets.make_label_set(home, **wanted.validated_data)
        return Response(LabelSetSerializer(made).data, status.HTTP_201_CREATED)


class Seen(viewsets.GenericViewSet[Any]):
    """Rows of collections: read by who sees the collection, changed by who may edit it."""

    lookup_value_converter = "int"
    reading: tuple[str, ...] = ("retrieve",)

    def get_queryset(self) -> QuerySet[Any]:
        user = self.request.user
        reading = self.action in self.reading
        collections = (
            Collection.objects.visible_to(user) if reading else Collection.objects.editable_by(user)
        )
        rows = super().get_queryset().filter(collection__in=collections)
        return rows.select_related("collection__embedding_model")


@extend_schema_view(
    retrieve=extend_schema(operation_id="axes_read", summary=_("Show an axis"), tags=TAGS),
    destroy=extend_schema(operation_id="axes_delete", summary=_("Delete an axis"), tags=TAGS),
)
class AxisViewSet(mixins.RetrieveModelMixin, mixins.DestroyModelMixin, Seen):
    queryset = Axis.objects.all()
    serializer_class = AxisSerializer
    reading = ("retrieve", "score", "documents")

    @extend_schema(
        operation_id="axes_score",
        summary=_("Score the sentences of a text on an axis"),
        tags=TAGS,
        request=ScoredTextSerializer,
        responses=SentenceSerializer(many=True),
    )
    @action(
        detail=True,
        methods=["post"],
        permission_classes=[AsksPermission],
        throttle_classes=[SearchThrottle],
        pagination_class=None,
    )
    def score(self, request: Request, pk: int) -> Response:
        wanted = ScoredTextSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        found = axes.score_text(self.get_object(), wanted.validated_data["text"])
        return Response(SentenceSerializer(found, many=True).data)

    @extend_schema(
        operation_id="axes_documents",
        summary=_("List a collection's documents by their place on an axis"),
        tags=TAGS,
        parameters=[ScoreQuerySerializer],
        responses=ScoredDocumentSerializer(many=True),
    )
    @action(detail=True, throttle_classes=[SearchThrottle], pagination_class=None)
    def documents(self, request: Request, pk: int) -> Response:
        wanted = ScoreQuerySerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        ids, places = axes.score_documents(self.get_object())
        kept = (places >= values.get("least", -np.inf)) & (places <= values.get("most", np.inf))
        chosen = np.flatnonzero(kept)[:: -1 if values["order"] == "high" else 1]
        chosen = chosen[values["offset"] :][: values["limit"]]
        rows = axes.documents_on(ids[chosen], places[chosen])
        return Response(ScoredDocumentSerializer(rows, many=True).data)


@extend_schema_view(
    retrieve=extend_schema(
        operation_id="label_sets_read", summary=_("Show a label set"), tags=TAGS
    ),
    partial_update=extend_schema(
        operation_id="label_sets_edit", summary=_("Change a label set"), tags=TAGS
    ),
    destroy=extend_schema(
        operation_id="label_sets_delete", summary=_("Delete a label set"), tags=TAGS
    ),
)
class LabelSetViewSet(
    mixins.RetrieveModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, Seen
):
    queryset = LabelSet.objects.all()
    serializer_class = LabelSetSerializer
    reading = ("retrieve", "measured", "assigned", "counts")
    http_method_names = ["get", "head", "options", "post", "patch", "delete"]

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        """What leaves no two labels is refused, and the set stays."""
        for name, value in serializer.validated_data.items():
            setattr(serializer.instance, name, value)
        assert isinstance(serializer.instance, LabelSet)
        label_sets.examples_of(serializer.instance)
        serializer.save()

    @extend_schema(
        operation_id="label_sets_measured",
        summary=_("How well the labels are told apart"),
        description=_("Each example by the centroids of all the others."),
        tags=TAGS,
        responses=MeasuredSerializer,
    )
    @action(detail=True, throttle_classes=[SearchThrottle])
    def measured(self, request: Request, pk: int) -> Response:
        label_set = self.get_object()
        made, found = label_sets.left_out(label_set)
        share, right = found.above(label_set.margin)
        answer = {
            "labels": made.names,
            "count": found.count,
            "alone": found.alone,
            "accuracy": found.accuracy,
            "share_above_margin": share,
            "accuracy_above_margin": right,
            "confusion": found.confusion.tolist(),
        }
        return Response(MeasuredSerializer(answer).data)

    @extend_schema(
        operation_id="label_sets_assign",
        summary=_("Label all documents that are no examples"),
        tags=TAGS,
        request=None,
        responses=LabelCountSerializer,
    )
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: int) -> Response:
        return Response({"assigned": label_sets.assign(self.get_object())})

    @extend_schema(
        operation_id="label_sets_assigned",
        summary=_("List the labels that were given"),
        tags=TAGS,
        parameters=[AssignedQuerySerializer],
        responses=AssignedLabelSerializer(many=True),
    )
    @action(detail=True)
    def assigned(self, request: Request, pk: int) -> Response:
        wanted = AssignedQuerySerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        label, given = wanted.validated_data.get("label"), self.get_object().assigned
        rows = given.exclude(label="") if label is None else given.filter(label=label)
        rows = rows.select_related("document").defer(*long_columns("document"))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(AssignedLabelSerializer(page, many=True).data)

    @extend_schema(
        operation_id="label_sets_counts",
        summary=_("Count the documents of each label"),
        tags=TAGS,
        responses=LabelSizeSerializer(many=True),
    )
    @action(detail=True, pagination_class=None)
    def counts(self, request: Request, pk: int) -> Response:
        rows = label_sets.counts(self.get_object())
        return Response([{"label": name, "documents": count} for name, count in rows])
