"""A question with its answer: read it, watch it being written, stop, ask again, delete."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from collections_app.encoders import ModelMissing
from collections_app.models import Collection
from collections_app.services import Rejected
from rag_app import answer
from rag_app.answer import chats, packing, steering
from rag_app.answer_text import copied
from rag_app.event_stream import event_stream
from rag_app.filter_form import FilterForm, shown
from rag_app.forms import FollowForm
from rag_app.models import Answer, Question
from rag_app.views.asking import chosen, model_missing, too_often
from rag_app.visitors import own_questions, shared_questions

MOST_BUTTONS = 3  # for other chat models; more are a list to choose from
IN_FULL = 5  # turns before a question that are shown with their answers; older ones are links


@never_cache
@require_safe
def question(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page; `?wait=1`, for browsers without scripts, first has the answer written."""
    found = own_questions(request).filter(pk=pk).first()
    if found is None:
        return _shared(request, get_object_or_404(shared_questions(request), pk=pk))
    if "wait" in request.GET:
        answer.write(found)
        return redirect(found)
    return page(request, found)


def _shared(request: HttpRequest, found: Question) -> HttpResponse:
    """As far as the reader may see the documents; nothing can be changed here."""
    context = {
        "question": found,
        "reading": answer.read(found, request.user),
        "states": Answer.State,
        "kinds": Answer.Kind,
    }
    if found.shared_conversation:
        rows = shared_questions(request).filter(created__lt=found.created)
        before = list(answer.turns(rows, found.conversation))
        earlier = [answer.read(one, request.user) for one in before[-IN_FULL:]]
        # How it was understood may have words of the answers before it.
        whole = all(one.is_whole for one in earlier)
        context |= {
            "older": before[:-IN_FULL],
            "earlier": earlier,
            "tell_alone": whole and not before[:-IN_FULL],
        }
    made = render(request, "rag_app/shared.html", context)
    made["X-Robots-Tag"] = "noindex, nofollow"
    return made


def page(
    request: HttpRequest, found: Question, follow: FollowForm | None = None, status: int = 200
) -> HttpResponse:
    reading = answer.read(found)
    rows = Collection.objects.visible_to(request.user).filter(pk__in=found.among)
    known = chats.available()
    context = {
        "question": found,
        "reading": reading,
        "among": rows if found.among else [],
        "states": Answer.State,
        "kinds": Answer.Kind,
        **_others(known, reading.answer.chat_model),
        "quotes": chats.QUOTES,
        "follow": follow or FollowForm(known=known, initial={"chat": found.chat}),
        "narrow": FilterForm(initial=shown(found.filters)),
        "keeping": _keeping(request, found, reading),
        "thumbed": answer.thumbed(request.user, found, reading.quotes),
        "copied": copied(reading, request.build_absolute_uri) if reading.segments else "",
        "link": request.build_absolute_uri(found.get_absolute_url()),
        "left_out": packing.left_out(request.user, reading.answer.packing),
        "dropped": [
            (steering.Chosen.of(one).key, one)
            for one in steering.passages_at(request.user, steering.stored(found.dropped))
        ],
        **_missing(request, reading),
        **_conversation(request, found),
    }
    return render(request, "rag_app/question.html", context, status=status)


def _others(known: Sequence[chats.Chat], asked: str) -> dict[str, Any]:
    """The chat models that could be asked instead."""
    names = [one.name for one in known if one.name != asked]
    return {"others": names, "many": len(names) > MOST_BUTTONS}


def _missing(request: HttpRequest, reading: answer.Reading) -> dict[str, Any]:
    """Why no document may be about it: how many wait, and whether the asker may add some."""
    if reading.answer.kind != Answer.Kind.NONE:
        return {}
    home = reading.question.collection_id
    mine = Collection.objects.editable_by(request.user).filter(pk=home) if home else None
    return {"waiting": reading.waiting, "addable": mine is not None and mine.exists()}


def _keeping(request: HttpRequest, found: Question, reading: answer.Reading) -> list[Collection]:
    """Collections that the reader edits and of which it may become a test question: the one that
    was asked, or those of what is cited."""
    cited = {one.document.collection_id for one in reading.quotes}
    homes = {found.collection_id} if found.collection_id else cited
    if reading.answer.state == Answer.State.PENDING or not request.user.is_authenticated:
        return []
    return list(Collection.objects.editable_by(request.user).filter(pk__in=homes))


def _conversation(request: HttpRequest, found: Question) -> dict[str, Any]:
    """The turns before it, the last of them with their answers, and those after it."""
    turns = list(answer.turns(own_questions(request), found.conversation))
    place = next((n for n, one in enumerate(turns) if one.pk == found.pk), 0)
    before = turns[:place]
    return {
        "older": before[:-IN_FULL],
        "earlier": [answer.read(one) for one in before[-IN_FULL:]],
        "later": turns[place + 1 :],
        "shared_by": next((one for one in turns[place + 1 :] if one.shared_conversation), None),
        "turns": len(turns),
    }


@require_safe
def question_stream(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    return event_stream(own(request, pk))


@never_cache
@require_safe
def question_prompt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the chat model was sent, to the letter, and what was left out of it."""
    found = own(request, pk)
    sent = answer.sent(found)
    if sent is None:
        raise Http404
    return render(request, "rag_app/prompt.html", {"question": found, "sent": sent})


@require_POST
def question_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = own(request, pk)
    answer.stop(found)
    return redirect(found)


@require_POST
def question_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """As it was asked; with `steered`, with the filters, the pinned and the dropped passages of
    the form; of another chat model with `chat`."""
    found = own(request, pk)
    if too_often(request):
        messages.error(request, _("You ask too often. Wait a minute, then try again."))
        return redirect(found)
    try:
        how = _steered(request) if "steered" in request.POST else {}
        answer.retry(found, chat=request.POST.get("chat"), **how)
    except Rejected as error:
        messages.error(request, str(error))
    except ModelMissing:
        messages.error(request, model_missing())
    return redirect(found)


def _steered(request: HttpRequest) -> dict[str, Any]:
    """Raises Rejected."""
    narrow = FilterForm(request.POST)
    if not narrow.is_valid():
        raise Rejected(" ".join(str(text) for texts in narrow.errors.values() for text in texts))
    return {"filters": narrow.filters(), **chosen(request.POST)}


@require_POST
def question_share(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`share`: 1, whoever has the link may read it; conversation, with what was asked before it;
    else nobody else may any more."""
    found, wanted = own(request, pk), request.POST.get("share")
    answer.share(found, yes=wanted in ("1", "conversation"), conversation=wanted == "conversation")
    if found.shared_conversation:
        told = _("Shared up to this question. What you ask on is not, until you share it.")
    elif found.shared:
        told = _("Shared. Send its address to those who are to read it.")
    elif shared_questions(request).filter(pk=found.pk).exists():
        told = _("No longer shared by itself. A later question still shares it.")
    else:
        told = _("No longer shared: its address leads nowhere for others.")
    messages.success(request, told)
    return redirect(found)


@login_required
@require_POST
def question_thumb(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`say`: up, down or none."""
    found = own(request, pk)
    user: Any = request.user
    try:
        answer.thumb(user, found, request.POST.get("say", ""))
    except Rejected as error:
        messages.error(request, str(error))
    return redirect(f"{found.get_absolute_url()}#thumbs")


@require_POST
def question_delete(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    own(request, pk).delete()
    messages.success(request, _("The question and its answer are deleted."))
    return redirect("ask")


def own(request: HttpRequest, pk: UUID) -> Question:
    return get_object_or_404(own_questions(request), pk=pk)
