"""The question box for other sites: a page for a frame, and JSON for a script.

Of public collections alone, the same for everyone: no session is read, no cookie set, and a
form needs no CSRF token, because nobody's rights are used.
"""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from collections_app.encoders import ModelMissing
from collections_app.models import Collection
from collections_app.services import Rejected
from collections_app.throttles import BoxThrottle
from rag_app import answer
from rag_app import box as boxes
from search_app.origins import open_to
from search_app.queries.related_lists import public_collection


@csrf_exempt
@xframe_options_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def box(request: HttpRequest, pk: int) -> HttpResponse:
    """The form, and under it the answer; works without scripts."""
    home = _home(pk)
    context: dict[str, Any] = {"collection": home, "question": request.GET.get("q", "")}
    status = 200
    if request.method == "POST":
        context["question"] = request.POST.get("question", "")
        reply, problem, status = _answered(request, home, context["question"])
        context |= {"problem": problem, "reply": reply}
        if reply:
            context["links"] = _links(request, reply)
    context["most"] = settings.MAX_QUESTION_CHARS
    page = render(request, "rag_app/box.html", context, status=status)
    patch_cache_control(page, public=True, no_cache=True)
    open_to(page, request, home.widget_origins, framed=True)
    return page


@csrf_exempt
@require_POST
def box_json(request: HttpRequest, pk: int) -> HttpResponse:
    """A form with `question` in, `{"kind", "note", "problem", "pieces", "sources"}` out; what is
    refused is told in `detail`."""
    home = _home(pk)
    asking = request.headers.get("Origin", "")
    ours = f"{request.scheme}://{request.get_host()}"
    if home.widget_origins and asking and asking not in [*home.widget_origins, ours]:
        told: dict[str, Any] = {"detail": _("The owner of the collection names other sites.")}
        made = JsonResponse(told, status=403)
    else:
        reply, problem, status = _answered(request, home, request.POST.get("question", ""))
        told = {"detail": problem}
        if reply:
            links = _links(request, reply)
            told = asdict(reply) | {"sources": links}
            told["kind"] = str(reply.kind)
        made = JsonResponse(told, status=status)
    made["Cache-Control"] = "no-store"
    open_to(made, request, home.widget_origins, framed=False)
    return made


def _home(pk: int) -> Collection:
    home = public_collection(pk)
    if home is None:
        raise Http404
    return home


def _answered(
    request: HttpRequest, home: Collection, question: str
) -> tuple[boxes.Reply | None, str, int]:
    """The reply or what is wrong, and the status."""
    throttle = BoxThrottle()
    if not throttle.allow_request(request, None):  # type: ignore[arg-type]
        seconds = round(throttle.wait() or 1)
        return None, _("You ask too often. Wait %(n)d seconds.") % {"n": seconds}, 429
    try:
        return boxes.ask(home, question), "", 200
    except Rejected as error:
        return None, str(error), 422
    except answer.Busy:
        return None, _("Many questions are being answered. Try again in a moment."), 503
    except ModelMissing:
        return None, _("Nothing can be found here at the moment. Try again later."), 503


def _links(request: HttpRequest, reply: boxes.Reply) -> list[dict[str, Any]]:
    """The sources with `url`, which leads here, and `link`, to the page they came from or here."""
    rows = []
    for one in reply.sources:
        row = asdict(one)
        url = request.build_absolute_uri(row.pop("path"))
        rows.append(row | {"url": url, "link": one.source or url})
    return rows
