"""Files of word vectors become collections."""

from typing import cast

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from collections_app import services
from collections_app.serializers.sources import StartedWordsSerializer, WordsFileSerializer
from collections_app.services.word_import import start_words
from collections_app.tokens import SignedInPermission


class WordVectors(APIView):
    permission_classes = [SignedInPermission]
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="word_vectors_import",
        summary=_("Bring in a file of word vectors"),
        description=_(
            "word2vec as text or binary, or GloVe; plain or .gz. It becomes a collection of yours, "
            "by a run: ask it how far it is, and for the words that it left out."
        ),
        tags=["words"],
        request={"multipart/form-data": WordsFileSerializer},
        responses={202: StartedWordsSerializer},
    )
    def post(self, request: Request) -> Response:
        sent = WordsFileSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        user = cast(User, request.user)  # SignedInPermission has seen to it
        blob = services.store_blob(values["file"], settings.MAX_UPLOAD_BYTES)
        made = start_words(user, values["file"].name, blob, values["name"], values["limit"])
        return Response(StartedWordsSerializer(made).data, status.HTTP_202_ACCEPTED)
