"""`/mcp`: the address that is given to an assistant."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from collections_app.api.openai_models import AnyAccept
from collections_app.tokens import SignedInAsksPermission, TokenAuthentication


@extend_schema(exclude=True)  # the protocol describes itself
class Mcp(APIView):
    """Tokens of this site as bearer, of either scope: the tools only read and ask."""

    authentication_classes = [TokenAuthentication]
    permission_classes = [SignedInAsksPermission]
    content_negotiation_class = AnyAccept

    def post(self, request: Request) -> HttpResponse:
        from rag_app.assistants import serving  # late: other pages do without the SDK

        made = serving.reply(request, request.body)
        response = HttpResponse(made.body, status=made.status)
        del response.headers["Content-Type"]
        for name, value in made.headers:
            if name != "content-length":
                response.headers[name] = value
        response.headers["Cache-Control"] = "no-store"
        return response
