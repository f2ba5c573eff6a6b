"""The prompt of a collection: read, edited, tried and reset by its editors."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from collections_app.encoders import ModelMissing
from collections_app.models import Collection
from collections_app.services import Rejected
from rag_app import answer
from rag_app.answer import templates
from rag_app.language.prompts import Template
from rag_app.views.asking import model_missing


class PromptForm(forms.Form):
    system = forms.CharField(
        label=gettext_lazy("System message"),
        required=False,
        widget=forms.Textarea({"rows": 12}),
        help_text=gettext_lazy(
            "{role}: who the model is to be. {delimiters}: how passages are told from orders; it"
            " must be there. {today}: the date."
        ),
    )
    message = forms.CharField(
        label=gettext_lazy("Message"),
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=gettext_lazy("{passages} and {question} must be there; {today} may be."),
    )
    question = forms.CharField(
        label=gettext_lazy("A question to try it with"), required=False, max_length=500
    )


@require_http_methods(["GET", "HEAD", "POST"])
def collection_prompt(request: HttpRequest, pk: int) -> HttpResponse:
    """`do`: save, preview (shows what would be sent, keeps nothing) or reset."""
    rows = Collection.objects.editable_by(request.user).select_related("embedding_model")
    home = get_object_or_404(rows, pk=pk)
    now = templates.template_of(home)
    initial = {"system": now.system, "message": now.message}
    form = PromptForm(request.POST if request.method == "POST" else None, initial=initial)
    context = {"collection": home, "form": form, "is_own": now != Template()}
    if request.method == "POST" and form.is_valid():
        try:
            if done := _done(request, home, form):
                messages.success(request, done)
                return redirect("collection_prompt", home.pk)
            context |= _tried(request, home, form)
        except Rejected as error:
            form.add_error(None, str(error))
        except ModelMissing:
            form.add_error(None, model_missing())
    status = 422 if form.errors else 200
    return render(request, "rag_app/collection_prompt.html", context, status=status)


def _done(request: HttpRequest, home: Collection, form: PromptForm) -> str:
    """What was done, in words; empty where it is only to be tried. Raises Rejected."""
    do, values = request.POST.get("do"), form.cleaned_data
    if do == "reset":
        templates.reset(home)
        return _("The site's own words are sent again.")
    if do == "preview":
        return ""
    templates.save(home, values["system"], values["message"])
    return _("Saved. It is sent from the next question on.")


def _tried(request: HttpRequest, home: Collection, form: PromptForm) -> dict[str, object]:
    values = form.cleaned_data
    template = templates.checked(values["system"], values["message"])
    _question, draft = answer.preview(request.user, values["question"], template, collection=home)
    return {"tried": True, "sent": answer.drafted(draft, request.user)}
