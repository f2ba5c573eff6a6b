"""Test questions on pages: listed, written with what is found for them, imported, exported."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Document, long_columns
from collections_app.services import Rejected
from collections_app.texts import UNSTORABLE
from rag_app import answer, quality
from rag_app.answer import measuring
from rag_app.evaluation import questions
from rag_app.models import Answer, TestQuestion
from rag_app.quality_forms import KnownQuestionForm, QuestionsFileForm
from rag_app.visitors import own_questions
from search_app.editing import editable
from search_app.search import search

PER_PAGE = 50
HITS = 10  # shown to be ticked
PROBLEMS_SHOWN = 50


@login_required
@require_safe
def test_questions(request: HttpRequest, pk: int) -> HttpResponse:
    collection = editable(request.user, pk)
    page = Paginator(quality.questions(request.user, collection), PER_PAGE).get_page(
        request.GET.get("page")
    )
    known = documents(collection, {each for one in page for each in one.documents})
    rows = [
        {
            "question": one,
            "documents": [known[each] for each in one.documents if each in known],
            "absent": sum(each not in known for each in one.documents),
        }
        for one in page
    ]
    context = context_of(collection) | {"page": page, "rows": rows}
    return render(request, "rag_app/test_questions.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def test_question_new(request: HttpRequest, pk: int) -> HttpResponse:
    """`?q=` is looked for, and what is found is there to be ticked; `?asked=` is a question of
    one's own, with what its answer cites."""
    collection = editable(request.user, pk)
    text, ticked, refused = request.GET.get("q", ""), list[str](), False
    if request.method != "POST" and "asked" in request.GET:
        text, ticked, refused = _asked(request, collection)
    initial = {"text": text, "unanswerable": refused}
    return _editor(request, collection, None, initial, ticked)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def test_question(request: HttpRequest, pk: int) -> HttpResponse:
    rows = TestQuestion.objects.visible_to(request.user).select_related("collection")
    found = get_object_or_404(rows, pk=pk)
    initial = {
        "text": found.text,
        "facts": "\n".join(found.facts),
        "unanswerable": not found.documents,
    }
    return _editor(request, found.collection, found, initial, found.documents)


@login_required
@require_POST
def test_question_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(TestQuestion.objects.visible_to(request.user), pk=pk)
    found.delete()
    messages.success(request, _("The test question is deleted."))
    return redirect("test_questions", found.collection_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def test_questions_import(request: HttpRequest, pk: int) -> HttpResponse:
    collection = editable(request.user, pk)
    sent = request.method == "POST"
    form = QuestionsFileForm(request.POST, request.FILES) if sent else QuestionsFileForm()
    context = context_of(collection) | {"form": form}
    if form.is_valid():
        try:
            known = measuring.questions(form.cleaned_data["file"].read())
            done = questions.bring_in(collection, known)
        except Rejected as error:
            form.add_error("file", str(error))
        else:
            context |= {"done": done, "problems": done.problems[:PROBLEMS_SHOWN]}
    status = 422 if form.errors else 200
    return render(request, "rag_app/test_questions_import.html", context, status=status)


@login_required
@require_safe
def test_questions_export(request: HttpRequest, pk: int) -> HttpResponse:
    """As the import and `evaluate --answers` take it."""
    written = questions.written(editable(request.user, pk))
    form: dict[str, Any] = {"ensure_ascii": False, "indent": 1}
    name = {"Content-Disposition": 'attachment; filename="test-questions.json"'}
    return JsonResponse(written, json_dumps_params=form, headers=name)


def documents(collection: Collection, ids: set[str]) -> dict[str, Document]:
    """Those that the collection has, by their ids. One statement."""
    storable = [one for one in ids if not UNSTORABLE.search(one)]
    rows = collection.documents.filter(external_id__in=storable).defer(*long_columns())
    return {one.external_id: one for one in rows}


def _asked(request: HttpRequest, collection: Collection) -> tuple[str, list[str], bool]:
    """A question that was asked: its words, the documents cited, whether it had no answer."""
    try:
        found = get_object_or_404(own_questions(request), pk=UUID(request.GET["asked"]))
    except ValueError as error:
        raise Http404 from error
    cited = [one.document for one in answer.read(found).quotes]
    mine = [one.external_id for one in cited if one.collection_id == collection.pk]
    refused = found.answer.kind == Answer.Kind.NONE
    return found.looked_for, list(dict.fromkeys(mine)), refused


def _editor(
    request: HttpRequest,
    collection: Collection,
    found: TestQuestion | None,
    initial: dict[str, Any],
    ticked: list[str],
) -> HttpResponse:
    sent = request.method == "POST"
    form = KnownQuestionForm(request.POST if sent else None, initial=initial)
    if sent:
        ticked = [one for one in dict.fromkeys(request.POST.getlist("document")) if one]
        if form.is_valid() and _kept(request, collection, found, form, ticked):
            return redirect("test_questions", collection.pk)
    text = str(form["text"].value() or "")
    context = context_of(collection) | {"form": form, "question": found, "text": text}
    context |= _rows(request, collection, text, ticked)
    if found:
        known = questions.there(collection, found.documents)
        context["absent"] = sum(one not in known for one in found.documents)
    status = 422 if form.errors else 200
    return render(request, "rag_app/test_question.html", context, status=status)


def _kept(
    request: HttpRequest,
    collection: Collection,
    found: TestQuestion | None,
    form: KnownQuestionForm,
    ticked: list[str],
) -> bool:
    """Written, unless the form says what is wrong."""
    named = form.documents(ticked)
    if form.errors:
        return False
    try:
        questions.write(collection, form.cleaned_data["text"], named, form.lines("facts"), found)
    except Rejected as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, _("The test question is kept."))
    return True


def _rows(
    request: HttpRequest, collection: Collection, text: str, ticked: list[str]
) -> dict[str, Any]:
    """Documents to be ticked: those that are, and then what is found for the question."""
    known = documents(collection, set(ticked))
    rows: list[dict[str, Any]] = [
        {"id": one, "document": known[one], "ticked": True} for one in ticked if one in known
    ]
    asked = text.strip()[: settings.MAX_QUERY_CHARS]
    try:
        found = search(request.user, asked, collection=collection, limit=HITS) if asked else None
    except (Rejected, ModelMissing) as error:
        return {"rows": rows, "unsearched": str(error)}
    rows += [
        {"id": hit.document.external_id, "document": hit.document, "hit": hit}
        for hit in (found.hits if found else [])
        if hit.document.external_id not in known
    ]
    return {"rows": rows}


def context_of(collection: Collection) -> dict[str, Any]:
    """What all pages about the answers of a collection have."""
    return {"collection": collection, "can_edit": True, "tab": "quality", "part": "answers"}
