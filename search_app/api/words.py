"""Words by their vectors: near ones, sums and differences."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app.throttles import SearchThrottle
from search_app import words as service
from search_app.serializers.words import WordsQuerySerializer, WordsSerializer


@extend_schema(
    operation_id="words",
    summary=_("What is nearest to a word, or to a sum of words"),
    description=_(
        "Of a collection of words. A word that it does not have is embedded on the spot, unless "
        "its vectors are a fixed set."
    ),
    tags=["words"],
    parameters=[WordsQuerySerializer],
    responses=WordsSerializer,
)
@api_view(["GET"])
@throttle_classes([SearchThrottle])
def words(request: Request) -> Response:
    wanted = WordsQuerySerializer(data=request.query_params, context={"request": request})
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    found = service.arithmetic(
        request.user,
        values["collection"],
        values["plus"],
        values["minus"],
        limit=values["limit"],
        inputs=values["inputs"],
    )
    return Response(WordsSerializer(found).data)
