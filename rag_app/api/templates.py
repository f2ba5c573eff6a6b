"""The prompt of a collection, for its editors."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from collections_app.models import Collection
from rag_app.answer import templates

TAGS = ["questions"]


class PromptTemplateSerializer(serializers.Serializer[Any]):
    system = serializers.CharField(help_text=_("{delimiters} must be there; {role}, {today}."))
    message = serializers.CharField(
        help_text=_("{passages} and {question} must be there; {today} may be.")
    )


class CollectionPrompt(APIView):
    @extend_schema(
        operation_id="collections_prompt_read",
        summary=_("Show the prompt of a collection"),
        description=_("What a chat model is told where it alone is asked. For its editors."),
        tags=TAGS,
        responses=PromptTemplateSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self._shown(self._home(request, pk))

    @extend_schema(
        operation_id="collections_prompt_write",
        summary=_("Write the prompt of a collection"),
        tags=TAGS,
        request=PromptTemplateSerializer,
        responses=PromptTemplateSerializer,
    )
    def put(self, request: Request, pk: int) -> Response:
        home = self._home(request, pk)
        sent = PromptTemplateSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        templates.save(home, **sent.validated_data)
        return self._shown(home)

    @extend_schema(
        operation_id="collections_prompt_reset",
        summary=_("Reset the prompt of a collection"),
        description=_("The site's own words are sent again."),
        tags=TAGS,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        templates.reset(self._home(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _home(self, request: Request, pk: int) -> Collection:
        return get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)

    def _shown(self, home: Collection) -> Response:
        return Response(PromptTemplateSerializer(templates.template_of(home)).data)
