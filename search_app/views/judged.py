"""Judged queries on pages: listed, typed in with their hits, edited, imported, exported."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.encoders import ModelMissing
from collections_app.models import Collection, long_columns
from collections_app.services import Rejected
from search_app import quality
from search_app.evaluation import formats, importing, judging
from search_app.models import JudgedQuery, Judgement
from search_app.quality_forms import FilesForm, pairs
from search_app.search import search

PER_PAGE = 50
HITS = 20  # shown to be judged
PROBLEMS_SHOWN = 50
GRADES = (
    (3, gettext_lazy("best")),
    (2, gettext_lazy("right")),
    (1, gettext_lazy("somewhat")),
    (0, gettext_lazy("wrong")),
)


@login_required
@require_safe
def judged_list(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own of a collection one sees, and the shared ones of one that one edits."""
    collection = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    rows = quality.judged(request.user, collection)
    context = _context(request, collection) | {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    }
    return render(request, "search_app/judged_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def judged_new(request: HttpRequest, pk: int) -> HttpResponse:
    """`?q=` is searched for, and its hits are there to be graded; a POST keeps the grades."""
    collection = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    return _editor(request, collection, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def judged(request: HttpRequest, pk: int) -> HttpResponse:
    rows = JudgedQuery.objects.visible_to(request.user).select_related("collection", "owner")
    query = get_object_or_404(rows, pk=pk)
    return _editor(request, query.collection, query)


@login_required
@require_POST
def judged_delete(request: HttpRequest, pk: int) -> HttpResponse:
    query = get_object_or_404(JudgedQuery.objects.visible_to(request.user), pk=pk)
    query.delete()
    messages.success(request, _("The judged query is deleted."))
    return redirect("judged_list", query.collection_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def judged_import(request: HttpRequest, pk: int) -> HttpResponse:
    collection = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    form = FilesForm(request.POST, request.FILES) if request.method == "POST" else FilesForm()
    context = _context(request, collection) | {"form": form}
    if form.is_valid():
        queries, judged = (_file(form.cleaned_data[name]) for name in ("queries", "qrels"))
        shared = form.cleaned_data["shared"]
        user: Any = request.user  # logged in, or it could edit nothing
        if judged is not None:
            done = importing.bring_in(collection, user, queries, judged, shared=shared)
            context |= {"done": done, "problems": done.problems[:PROBLEMS_SHOWN]}
    status = 422 if form.errors else 200
    return render(request, "search_app/judged_import.html", context, status=status)


@login_required
@require_safe
def judged_export(request: HttpRequest, pk: int) -> HttpResponse:
    """`?form=trec` for TREC's form; BEIR's otherwise."""
    collection = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    queries = importing.written(quality.judged(request.user, collection))
    trec = request.GET.get("form") == "trec"
    try:
        written = formats.trec(queries) if trec else formats.beir(queries)
    except Rejected as error:
        messages.error(request, str(error))
        return redirect("judged_list", pk)
    name = f'attachment; filename="judged-{"trec" if trec else "beir"}.zip"'
    return HttpResponse(
        written, content_type="application/zip", headers={"Content-Disposition": name}
    )


def _editor(
    request: HttpRequest, collection: Collection, query: JudgedQuery | None
) -> HttpResponse:
    text, grades, problem = request.GET.get("q", query.text if query else ""), {}, ""
    if query:
        known = Judgement.objects.filter(query=query)
        grades = dict(known.there().values_list("external_id", "grade"))
    if request.method == "POST":
        text = request.POST.get("text", "")
        grades = pairs(request.POST.getlist("id"), request.POST.getlist("grade"))
        owner: Any = query.owner if query else request.user
        shared = "shared" in request.POST
        accepted = collection.is_editable_by(request.user)
        try:
            judging.write(
                collection, owner, text, grades, shared=shared, accepted=accepted, query=query
            )
        except Rejected as error:
            problem = str(error)
        else:
            messages.success(request, _("The judged query is kept."))
            return redirect("judged_list", collection.pk)
    context = _context(request, collection) | {"query": query, "text": text, "problem": problem}
    context["absent"] = query.judgements.count() - known.there().count() if query else 0
    context |= _rows(request, collection, text, grades)
    return render(request, "search_app/judged.html", context, status=422 if problem else 200)


def _rows(
    request: HttpRequest, collection: Collection, text: str, grades: dict[str, int]
) -> dict[str, Any]:
    """Documents to be graded: those that are, and then the hits of the query."""
    documents = collection.documents.filter(external_id__in=list(grades)).defer(*long_columns())
    known = {one.external_id: one for one in documents}
    rows: list[dict[str, Any]] = [
        {"id": external_id, "document": known.get(external_id), "grade": grade}
        for external_id, grade in grades.items()
    ]
    try:
        hits = search(request.user, text, collection=collection, limit=HITS).hits if text else []
    except (Rejected, ModelMissing) as error:
        return {"rows": rows, "grades": GRADES, "unsearched": str(error)}
    rows += [
        {"id": hit.document.external_id, "document": hit.document, "hit": hit, "grade": None}
        for hit in hits
        if hit.document.external_id not in grades
    ]
    return {"rows": rows, "grades": GRADES}


def _file(sent: Any) -> importing.File | None:
    if not sent:
        return None
    return importing.File(sent.name, sent.read().decode("utf-8", errors="replace"))


def _context(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    return {
        "collection": collection,
        "can_edit": collection.is_editable_by(request.user),
        "tab": "quality",
    }
