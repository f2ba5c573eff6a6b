"""Conversations: a question that follows another one, the way to the last, deleting all."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from collections_app.encoders import ModelMissing
from collections_app.services import Rejected
from rag_app import answer
from rag_app.answer import chats
from rag_app.forms import FollowForm
from rag_app.views.asking import model_missing, too_often
from rag_app.views.questions import own, page
from rag_app.visitors import own_questions, session_key


@never_cache
@require_POST
def question_follow(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask on: the new question is of what the one before was asked of."""
    before = own(request, pk)
    form = FollowForm(request.POST, known=chats.available())
    if too_often(request):
        form.add_error(None, _("You ask too often. Wait a minute, then send it again."))
        return page(request, before, form, status=429)
    if form.is_valid():
        try:
            return redirect(
                answer.ask(
                    request.user,
                    form.cleaned_data["question"],
                    after=before,
                    filters=before.filters,
                    chat=form.cleaned_data.get("chat", ""),
                    session_key=session_key(request),
                )
            )
        except Rejected as error:
            form.add_error("question", str(error))
        except ModelMissing:
            form.add_error(None, model_missing())
    return page(request, before, form, status=422)


@require_safe
def conversation(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The link to a conversation: its last question, with the turns before it."""
    found = own(request, pk)
    last = answer.turns(own_questions(request), found.conversation).last()
    return redirect(last or found)


@require_POST
def conversation_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = own(request, pk)
    count = answer.delete_conversation(own_questions(request), found.conversation)
    messages.success(
        request,
        ngettext(
            "The conversation is deleted: %(n)d question with its answer.",
            "The conversation is deleted: %(n)d questions with their answers.",
            count,
        )
        % {"n": count},
    )
    return redirect("ask")
