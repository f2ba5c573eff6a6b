"""The REST API: every path of it in one place. The rooms export what answers there."""

from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.routers import SimpleRouter

from collections_app import api as collections_api
from collections_app import openapi  # noqa: F401 (registers how a token logs in)
from embedsite import status
from embedsite.serializers import StatusSerializer
from embedsite.views import ApiDocs
from rag_app import api as rag_api
from search_app import api as search_api

router = SimpleRouter(use_regex_path=False)
router.register("collections", collections_api.CollectionViewSet, basename="api-collections")
router.register("documents", collections_api.DocumentViewSet, basename="api-documents")
router.register(
    "answer-evaluations", rag_api.AnswerEvaluationViewSet, basename="api-answer-evaluations"
)
router.register("axes", search_api.AxisViewSet, basename="api-axes")
router.register("label-sets", search_api.LabelSetViewSet, basename="api-label-sets")
router.register("chat-models", rag_api.ChatModelViewSet, basename="api-chat-models")
router.register("clusters", search_api.ClusterViewSet, basename="api-clusters")
router.register("evaluations", search_api.EvaluationViewSet, basename="api-evaluations")
router.register("interests", search_api.InterestViewSet, basename="api-interests")
router.register("judged-queries", search_api.JudgedQueryViewSet, basename="api-judged-queries")
router.register("questions", rag_api.QuestionViewSet, basename="api-questions")
router.register("sources", collections_api.SourceViewSet, basename="api-sources")
router.register("runs", collections_api.RunViewSet, basename="api-runs")
router.register("sql-queries", search_api.SavedQueryViewSet, basename="api-sql-queries")
router.register("test-questions", rag_api.TestQuestionViewSet, basename="api-test-questions")
router.register("uploads", collections_api.UploadViewSet, basename="api-uploads")
router.register("tokens", collections_api.TokenViewSet, basename="api-tokens")

PLACES = {  # what /api/ lists, and the name of the path
    "collections": "api-collections-list",
    "search": "api-search",
    "interests": "api-interests-list",
    "questions": "api-questions-list",
    "models": "api-models",
    "chat-models": "api-chat-models-list",
    "uploads": "api-uploads-list",
    "usage": "api-usage",
    "tokens": "api-tokens-list",
    "status": "api-status",
    "schema": "api-schema",
    "docs": "api-docs",
}


@extend_schema(
    operation_id="root",
    summary=_("Where to begin"),
    tags=["site"],
    responses={200: {"type": "object", "additionalProperties": {"type": "string"}}},
)
@api_view()
def root(request: Request) -> Response:
    return Response({name: reverse(place, request=request) for name, place in PLACES.items()})


@extend_schema(
    operation_id="status",
    summary=_("What the site runs on"),
    description=_("Database, Redis, worker and model. Always 200; /health/ says it in its status."),
    tags=["site"],
    responses=StatusSerializer,
)
@api_view()
def site_status(request: Request) -> Response:
    return Response(StatusSerializer({"parts": status.status()}).data)


urlpatterns = [
    path("", root, name="api-root"),
    # What is asked most, and fastest, stands first: a request looks at each path in turn.
    path("search/", search_api.search, name="api-search"),
    path("search/suggest/", search_api.suggest, name="api-search-suggest"),
    path("search/why-not/", search_api.why_not, name="api-why-not"),
    path("", include(router.urls)),
    path(
        "collections/<int:pk>/documents/",
        collections_api.CollectionDocuments.as_view(),
        name="api-collection-documents",
    ),
    path(
        "collections/<int:pk>/sources/",
        collections_api.CollectionSources.as_view(),
        name="api-collection-sources",
    ),
    path(
        "collections/<int:pk>/rows/",
        collections_api.collection_rows,
        name="api-collection-rows",
    ),
    path("uploads/<uuid:pk>/rows/", collections_api.rows_import, name="api-upload-rows"),
    path(
        "collections/<int:pk>/uploads/",
        collections_api.CollectionUploads.as_view(),
        name="api-collection-uploads",
    ),
    path(
        "collections/<int:pk>/usage/",
        collections_api.collection_usage,
        name="api-collection-usage",
    ),
    path("embeddings-db/", collections_api.EmbeddingsDb.as_view(), name="api-embeddings-db"),
    path("word-vectors/", collections_api.WordVectors.as_view(), name="api-word-vectors"),
    path("usage/", collections_api.account_usage, name="api-usage"),
    path("documents/<int:pk>/related/", search_api.related, name="api-document-related"),
    path("documents/<int:pk>/vector/", search_api.vector, name="api-document-vector"),
    path(
        "collections/<int:pk>/axes/",
        search_api.CollectionAxes.as_view(),
        name="api-collection-axes",
    ),
    path(
        "collections/<int:pk>/label-sets/",
        search_api.CollectionLabelSets.as_view(),
        name="api-collection-label-sets",
    ),
    path("sql/", search_api.sql, name="api-sql"),
    path("words/", search_api.words, name="api-words"),
    path("compare/", search_api.compare, name="api-compare"),
    path(
        "documents/<int:pk>/related-passages/",
        search_api.related_passages,
        name="api-document-related-passages",
    ),
    path(
        "collections/<int:pk>/prompt/",
        rag_api.CollectionPrompt.as_view(),
        name="api-collection-prompt",
    ),
    path("collections/<int:pk>/similar/", search_api.similar, name="api-collection-similar"),
    path("collections/<int:pk>/pictures/", search_api.pictures, name="api-collection-pictures"),
    path("phrases/", search_api.phrases, name="api-phrases"),
    path("collections/<int:pk>/pairs/", search_api.pairs, name="api-collection-pairs"),
    path(
        "collections/<int:pk>/near-duplicates/",
        search_api.near_duplicates,
        name="api-collection-near-duplicates",
    ),
    path(
        "collections/<int:pk>/clusters/",
        search_api.CollectionClusters.as_view(),
        name="api-collection-clusters",
    ),
    path(
        "collections/<int:pk>/clusters/items/",
        search_api.cluster_items,
        name="api-cluster-items",
    ),
    path(
        "clusters/<int:pk>/clusters/", search_api.ClusterParts.as_view(), name="api-cluster-parts"
    ),
    path(
        "clusters/<int:pk>/clusters/items/",
        search_api.cluster_part_items,
        name="api-cluster-part-items",
    ),
    path("collections/<int:pk>/clusters/names/", rag_api.cluster_names, name="api-cluster-names"),
    path(
        "clusters/<int:pk>/clusters/names/",
        rag_api.cluster_part_names,
        name="api-cluster-part-names",
    ),
    path(
        "collections/<int:pk>/map/",
        search_api.CollectionMapView.as_view(),
        name="api-collection-map",
    ),
    path("collections/<int:pk>/map/points/", search_api.map_points, name="api-map-points"),
    path("collections/<int:pk>/map/data/", search_api.map_data, name="api-map-data"),
    path(
        "collections/<int:pk>/map/collection/",
        search_api.MapCopyView.as_view(),
        name="api-map-copy",
    ),
    path(
        "collections/<int:pk>/judged-queries/",
        search_api.CollectionJudgedQueries.as_view(),
        name="api-collection-judged",
    ),
    path(
        "collections/<int:pk>/judged-queries/import/",
        search_api.judged_import,
        name="api-collection-judged-import",
    ),
    path(
        "collections/<int:pk>/judged-queries/export/",
        search_api.judged_export,
        name="api-collection-judged-export",
    ),
    path(
        "collections/<int:pk>/evaluations/",
        search_api.CollectionEvaluations.as_view(),
        name="api-collection-evaluations",
    ),
    path(
        "collections/<int:pk>/test-questions/",
        rag_api.CollectionTestQuestions.as_view(),
        name="api-collection-test-questions",
    ),
    path(
        "collections/<int:pk>/test-questions/import/",
        rag_api.test_questions_import,
        name="api-collection-test-questions-import",
    ),
    path(
        "collections/<int:pk>/test-questions/export/",
        rag_api.test_questions_export,
        name="api-collection-test-questions-export",
    ),
    path(
        "collections/<int:pk>/answer-evaluations/",
        rag_api.CollectionAnswerEvaluations.as_view(),
        name="api-collection-answer-evaluations",
    ),
    path("collections/<int:pk>/weights/", search_api.weights, name="api-collection-weights"),
    path(
        "collections/<int:pk>/weights/revert/",
        search_api.weights_revert,
        name="api-collection-weights-revert",
    ),
    path(
        "collections/<int:pk>/model-change/",
        search_api.ModelChangeView.as_view(),
        name="api-collection-model-change",
    ),
    path(
        "collections/<int:pk>/model-change/estimate/",
        search_api.model_change_estimate,
        name="api-collection-model-estimate",
    ),
    path(
        "collections/<int:pk>/model-change/compare/",
        search_api.model_change_compare,
        name="api-collection-model-compare",
    ),
    path(
        "collections/<int:pk>/model-change/<slug:action>/",
        search_api.model_change_act,
        name="api-collection-model-act",
    ),
    path(
        "collections/<int:pk>/reindex/",
        search_api.UpkeepView.as_view(),
        name="api-collection-reindex",
    ),
    path("models/", collections_api.ModelList.as_view(), name="api-models"),
    path("models/<int:pk>/", collections_api.ModelDetail.as_view(), name="api-model"),
    path("models/<int:pk>/probe/", collections_api.model_probe, name="api-model-probe"),
    path("embed/", collections_api.embed, name="api-embed"),
    path("status/", site_status, name="api-status"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", ApiDocs.as_view(), name="api-docs"),
]
