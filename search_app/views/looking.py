"""Pages of vectors: that of a document or passage, of any text, and how near two things are."""

from typing import Any

import numpy as np
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.encoders import ModelMissing
from collections_app.models import Document
from collections_app.services import Rejected
from search_app import looking
from search_app.analysis import encodings
from search_app.looking_forms import CompareForm, EmbedForm
from search_app.views.documents import _whole


@require_safe
def tools(request: HttpRequest) -> HttpResponse:
    """What can be done with vectors besides searching."""
    return render(request, "search_app/tools.html")


@require_safe
def vector(request: HttpRequest, pk: int) -> HttpResponse:
    """The vector of a document, or with `?p=` of one of its passages."""
    rows = Document.objects.visible_to(request.user).select_related("collection__embedding_model")
    found = get_object_or_404(rows, pk=pk)
    passages = found.active_passages().order_by("ordinal")
    ordinal = _whole(request.GET.get("p"))
    passage = get_object_or_404(passages, ordinal=ordinal) if ordinal is not None else None
    context: dict[str, Any] = {
        "document": found,
        "collection": found.collection,
        "passage": passage,
        "passages": passages.only("ordinal", "heading", "text", "token_count"),
    }
    try:
        seen = looking.of_passage(passage) if passage else looking.of_document(request.user, found)
    except Rejected as error:
        return render(request, "search_app/vector.html", context | {"problem": str(error)})
    shown = {"seen": seen, **_shown(seen.vector)}
    return render(request, "search_app/vector.html", context | shown)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def embed(request: HttpRequest) -> HttpResponse:
    """Any text under any registered model: a POST, or `?text=`."""
    given = request.POST if request.method == "POST" else request.GET
    form = EmbedForm(given if "text" in given else None)
    context: dict[str, Any] = {"form": form}
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            values = form.cleaned_data
            try:
                made = looking.of_text(values["model"], values["text"], values["kind"])
            except (Rejected, ModelMissing) as error:
                form.add_error(None, _told(request, error))
            else:
                context |= {"model": values["model"], **_shown(made)}
                status = 200
    return render(request, "search_app/embed.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest) -> HttpResponse:
    """Two texts, two documents, or one of each: a POST, or `?a=&b=`."""
    given = request.POST if request.method == "POST" else request.GET
    form = CompareForm(given if "a" in given and "b" in given else None, initial=request.GET.dict())
    context: dict[str, Any] = {"form": form}
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            values = form.cleaned_data
            try:
                sides = [looking.side(request.user, values[name]) for name in ("a", "b")]
                context["found"] = looking.compare(sides[0], sides[1], values["model"])
            except (Rejected, ModelMissing) as error:
                form.add_error(None, _told(request, error))
            else:
                context["sides"] = sides
                status = 200
    return render(request, "search_app/compare.html", context, status=status)


def _told(request: HttpRequest, error: Exception) -> str:
    """Staff alone are told the paths and addresses that a missing model's message may hold."""
    if isinstance(error, Rejected) or getattr(request.user, "is_staff", False):
        return str(error)
    return _("The embedding model is not there. Ask an administrator of the site.")


def _shown(vector: np.ndarray) -> dict[str, Any]:
    return {
        "dimension": len(vector),
        "json": encodings.as_json(vector),
        "hex": encodings.as_hex(vector),
        "base64": encodings.as_base64(vector),
        "norms": encodings.norms(vector),
        "picture": encodings.picture(vector),
    }
