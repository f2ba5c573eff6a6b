"""Chat models, for staff: the list, setting one up, changing, trying and deleting it."""

from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collections_app.services import Rejected
from collections_app.views.models import staff_only
from rag_app.answer import chat_models, chats, spending
from rag_app.forms import ChatModelForm
from rag_app.language.llm_chat import installed
from rag_app.models import ChatModel


@staff_only
@require_safe
def chat_model_list(request: HttpRequest) -> HttpResponse:
    day, ever = spending.spent(spending.yesterday()), spending.spent()
    none = spending.Spent()
    rows = [(one, day.get(one.name, none), ever.get(one.name, none)) for one in chats.available()]
    context = {"rows": rows, "day": _sum(day), "ever": _sum(ever)}
    return render(request, "rag_app/chat_models.html", context)


def _sum(spent: dict[str, spending.Spent]) -> Decimal:
    """Of all, those that were removed too."""
    return sum((one.cost for one in spent.values()), Decimal(0))


@staff_only
def chat_model_new(request: HttpRequest) -> HttpResponse:
    return _form(request, ChatModel())


@staff_only
def chat_model_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _form(request, get_object_or_404(ChatModel, pk=pk))


@staff_only
@require_POST
def chat_model_try(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ChatModel, pk=pk)
    found = chat_models.tried(row)
    if found.problem:
        messages.error(request, f"{row}: {found.problem}")
    else:
        messages.success(
            request,
            _("%(name)s answered in %(seconds).1f s: “%(said)s”")
            % {"name": row, "seconds": found.seconds, "said": found.said},
        )
    return redirect("chat_models")


@staff_only
@require_POST
def chat_model_delete(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ChatModel, pk=pk)
    row.delete()
    messages.success(request, _("“%s” is no longer asked.") % row.name)
    return redirect("chat_models")


def _form(request: HttpRequest, row: ChatModel) -> HttpResponse:
    form = ChatModelForm(request.POST or None, row=row)
    if request.method == "POST" and form.is_valid():
        try:
            chat_models.save(row, **form.given())
        except Rejected as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved. Try it before others do."))
            return redirect("chat_models")
    context = {"form": form, "row": row, "plugins": installed()}
    return render(
        request, "rag_app/chat_model_form.html", context, status=422 if form.errors else 200
    )
