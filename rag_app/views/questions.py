"""A question with its answer: read it, watch it being written, stop, ask again, delete."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from collections_app.encoders import ModelMissing
from collections_app.models import Collection
from collections_app.services import Rejected
from rag_app import answer
from rag_app.answer import chats
from rag_app.event_stream import event_stream
from rag_app.models import Answer, Question
from rag_app.views.asking import model_missing, too_often
from rag_app.visitors import own_questions


@never_cache
@require_safe
def question(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page; `?wait=1`, for browsers without scripts, first has the answer written."""
    found = _own(request, pk)
    if "wait" in request.GET:
        answer.write(found)
        return redirect(found)
    reading = answer.read(found)
    rows = Collection.objects.visible_to(request.user).filter(pk__in=found.among)
    context = {
        "question": found,
        "reading": reading,
        "among": rows if found.among else [],
        "states": Answer.State,
        "kinds": Answer.Kind,
        "chats": [one.name for one in chats.available()],
        "quotes": chats.QUOTES,
    }
    return render(request, "rag_app/question.html", context)


@require_safe
def question_stream(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    return event_stream(_own(request, pk))


@require_POST
def question_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = _own(request, pk)
    answer.stop(found)
    return redirect(found)


@require_POST
def question_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = _own(request, pk)
    if too_often(request):
        messages.error(request, _("You ask too often. Wait a minute, then try again."))
        return redirect(found)
    try:
        answer.retry(found, chat=request.POST.get("chat"))
    except Rejected as error:
        messages.error(request, str(error))
    except ModelMissing:
        messages.error(request, model_missing())
    return redirect(found)


@require_POST
def question_delete(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    _own(request, pk).delete()
    messages.success(request, _("The question and its answer are deleted."))
    return redirect("ask")


def _own(request: HttpRequest, pk: UUID) -> Question:
    return get_object_or_404(own_questions(request), pk=pk)
