"""Clusters named by a chat model."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from collections_app.models import Collection
from collections_app.services import Rejected
from rag_app.answer import chats
from rag_app.answer import cluster_names as naming
from rag_app.language.cluster_names import PROMPT
from search_app import clusters as clustering
from search_app.models import Cluster


class NamingForm(forms.Form):
    """`after`: the ordinal behind which to go on."""

    chat = forms.ChoiceField(label=gettext_lazy("Chat model"), required=False)
    prompt = forms.CharField(
        label=gettext_lazy("Prompt"),
        required=False,
        max_length=naming.MOST_PROMPT,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": PROMPT}),
        help_text=gettext_lazy("What the model is asked for. Empty: a short title."),
    )
    truncate = forms.IntegerField(
        label=gettext_lazy("Characters of each document"),
        min_value=1,
        max_value=naming.MOST_TRUNCATE,
        initial=naming.TRUNCATE,
        help_text=gettext_lazy("How much the model sees of it."),
    )
    after = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=-1)

    def __init__(self, *args: Any, known: list[chats.Chat], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chat"].choices = [(one.name, one.name) for one in known]  # type: ignore[attr-defined]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cluster_names(request: HttpRequest, pk: int) -> HttpResponse:
    """The form and the clusters; a POST names as many as there is time for."""
    collection = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    return _page(request, collection)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cluster_part_names(request: HttpRequest, pk: int) -> HttpResponse:
    """The same of what a cluster is split into."""
    rows = Cluster.objects.filter(collection__in=Collection.objects.editable_by(request.user))
    rows = rows.select_related("collection", "clustering").defer("centroid")
    parent = get_object_or_404(rows, pk=pk)
    return _page(request, parent.collection, parent)


def _page(
    request: HttpRequest, collection: Collection, parent: Cluster | None = None
) -> HttpResponse:
    known = chats.available()
    form = NamingForm(request.POST or None, known=known, initial={"after": -1})
    back = (
        reverse("cluster", args=[parent.pk])
        if parent
        else reverse("clusters", args=[collection.pk])
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and (done := _done(collection, parent, form)):
            if done.problem:
                form.add_error(None, done.problem)
            elif done.left:
                form = NamingForm(_going_on(request, done), known=known)
                form.add_error(None, _left(done))
                status = 200
            else:
                messages.success(request, _told(done))
                return redirect(back)
    context = {
        "collection": collection,
        "parent": parent,
        "above": [*clustering.above(parent), parent] if parent else [],
        "back": back,
        "form": form,
        "clusters": Cluster.objects.of(collection, parent),
        "known": known,
    }
    return render(request, "rag_app/cluster_names.html", context, status=status)


def _done(collection: Collection, parent: Cluster | None, form: NamingForm) -> naming.Named | None:
    values = form.cleaned_data
    after = -1 if values["after"] is None else values["after"]
    try:
        return naming.name_clusters(
            collection,
            values["chat"],
            values["prompt"],
            values["truncate"],
            parent=parent,
            after=after,
            seconds=naming.SECONDS,
        )
    except Rejected as error:
        form.add_error(None, str(error))
    return None


def _going_on(request: HttpRequest, done: naming.Named) -> dict[str, Any]:
    return dict(request.POST.items()) | {"after": str(done.left[0].ordinal - 1)}


def _left(done: naming.Named) -> str:
    return ngettext(
        "%(n)d cluster is left: the time was up. Go on.",
        "%(n)d clusters are left: the time was up. Go on.",
        len(done.left),
    ) % {"n": len(done.left)}


def _told(done: naming.Named) -> str:
    told = ngettext("%(n)d cluster was named.", "%(n)d clusters were named.", len(done.named)) % {
        "n": len(done.named)
    }
    if done.kept:
        kept = ngettext(
            "%(n)d keeps the name that was given by hand.",
            "%(n)d keep the names that were given by hand.",
            len(done.kept),
        )
        told = f"{told} {kept % {'n': len(done.kept)}}"
    return told
