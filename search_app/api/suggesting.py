"""Suggestions while typing."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.throttles import SuggestThrottle
from search_app import suggesting
from search_app.serializers.suggesting import SuggestionSerializer, SuggestQuerySerializer


@extend_schema(
    operation_id="search_suggest",
    summary=_("Suggest titles and past searches"),
    description=_(
        "At most eight: one's own past searches, where one keeps them, titles that begin with what"
        " is typed, and titles that have its words inside."
    ),
    tags=["search"],
    parameters=[SuggestQuerySerializer],
    responses=SuggestionSerializer(many=True),
)
@api_view(["GET"])
@throttle_classes([SuggestThrottle])
def suggest(request: Request) -> Response:
    wanted = SuggestQuerySerializer(data=request.query_params, context={"request": request})
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    found = suggesting.suggest(request.user, values["q"], values["collection"])
    return Response(SuggestionSerializer(found, many=True).data)
