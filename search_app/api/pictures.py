"""Pictures by words, by a picture or by one another; phrases beside a picture."""

from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import (
    api_view,
    parser_classes,
    permission_classes,
    throttle_classes,
)
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.models import Collection, Document, EmbeddingModel, long_columns
from collections_app.pipeline.pictures import FORMATS
from collections_app.services import Rejected
from collections_app.throttles import EmbedThrottle, SearchThrottle
from collections_app.tokens import SignedInAsksPermission
from search_app import pictures as looking
from search_app.serializers.pictures import (
    PhraseSharesSerializer,
    PhrasesQuerySerializer,
    PictureQuerySerializer,
    PicturesSerializer,
)

PARSERS = [JSONParser, MultiPartParser, FormParser]


@extend_schema(
    methods=["GET"],
    operation_id="collections_pictures",
    summary=gettext_lazy("Find pictures by words or by another one"),
    description=gettext_lazy("Under a model that takes pictures."),
    tags=["search"],
    parameters=[PictureQuerySerializer],
    responses=PicturesSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="collections_pictures_by_picture",
    summary=gettext_lazy("Find pictures by a picture that is sent"),
    description=gettext_lazy("Takes what the search by words takes as well."),
    tags=["search"],
    request={"multipart/form-data": PictureQuerySerializer},
    responses=PicturesSerializer,
)
@api_view(["GET", "POST"])
@parser_classes(PARSERS)
@permission_classes([AllowAny])
@throttle_classes([SearchThrottle])
def pictures(request: Request, pk: int) -> Response:
    rows = Collection.objects.visible_to(request.user).select_related("embedding_model")
    collection = get_object_or_404(rows, pk=pk)
    if not collection.embedding_model.takes_pictures:
        raise Rejected(_("The model of this collection takes no pictures. Choose one that does."))
    documents = collection.documents.defer(*long_columns())
    given = request.query_params if request.method == "GET" else request.data
    wanted = PictureQuerySerializer(data=given, context={"documents": documents})
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    filters = list(values["filter"])
    if values["cheaper"]:
        cheaper = looking.cheaper(Document.objects.get(pk=values["document"].pk))
        if not cheaper:
            raise Rejected(_("This document has no price."))
        filters.append(cheaper)
    found = looking.find(
        request.user,
        collection,
        _look(collection, values),
        wanted=filters,
        sort=values["sort"],
        limit=values["limit"],
        offset=values["offset"],
        texts=values["texts"],
    )
    return Response(PicturesSerializer(found).data)


def _look(collection: Collection, values: dict[str, Any]) -> looking.Look | None:
    if "picture" in values:
        return looking.by_picture(collection.embedding_model, _bytes(values["picture"]))
    if "document" in values:
        return looking.by_document(values["document"])
    return looking.by_text(collection, values["q"]) if "q" in values else None


def _bytes(file: Any) -> bytes:
    if file.size > settings.MAX_UPLOAD_BYTES:
        raise Rejected(_("The picture is too large. Make it smaller."))
    content: bytes = file.read()
    return content


@extend_schema(
    operation_id="phrases",
    summary=gettext_lazy("Compare one picture with many phrases"),
    description=gettext_lazy(
        "Each phrase's cosine with the picture, and its share: the softmax over the phrases"
        " under the model's own temperature."
    ),
    tags=["embedding"],
    request={
        "multipart/form-data": PhrasesQuerySerializer,
        "application/json": PhrasesQuerySerializer,
    },
    responses=PhraseSharesSerializer,
)
@api_view(["POST"])
@parser_classes(PARSERS)
@permission_classes([SignedInAsksPermission])
@throttle_classes([EmbedThrottle])
def phrases(request: Request) -> Response:
    rows = Document.objects.visible_to(request.user).filter(format__in=FORMATS)
    documents = rows.select_related("collection__embedding_model")
    wanted = PhrasesQuerySerializer(data=request.data, context={"documents": documents})
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    if document := values.get("document"):
        model = document.collection.embedding_model
        if not model.takes_pictures:
            raise Rejected(_("The model of this picture's collection takes no pictures."))
        look = looking.by_document(document)
    else:
        model = values.get("model") or EmbeddingModel.objects.usable().taking_pictures().first()
        if model is None:
            raise Rejected(_("No embedding model of this site takes pictures."))
        look = looking.by_picture(model, _bytes(values["picture"]))
    shares = looking.percentages(model, look, values["phrases"])
    return Response(PhraseSharesSerializer({"model": model.name, "phrases": shares}).data)
