"""The page about how good answers are in a collection, and the page of one run."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.models import Collection, Document
from collections_app.services import Rejected
from rag_app import quality
from rag_app.answer import chats
from rag_app.answer.measuring import LABELS, TOP, Measured
from rag_app.evaluation import report
from rag_app.models import AnswerEvaluation, MeasuredAnswer
from rag_app.quality_forms import RunAnswersForm
from rag_app.views.known_questions import context_of, documents
from search_app.editing import editable

SHOWN = 20  # runs in the table
LINES_PER_PAGE = 50


@dataclass(frozen=True)
class Line:
    """A question of a run: what came of it, what is wrong with that, in words, and the right
    documents that the collection has, each with the place where it was found, or None."""

    question: int
    measured: Measured
    wrong: list[str]
    documents: list[tuple[Document, int | None]]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer_quality(request: HttpRequest, pk: int) -> HttpResponse:
    """Figures, history, and what can be asked for; a POST asks."""
    collection = editable(request.user, pk)
    form = RunAnswersForm(request.POST or None, known=chats.available())
    if request.method == "POST" and form.is_valid():
        user: Any = request.user  # logged in: it edits the collection
        try:
            made = quality.request(collection, user, form.cleaned_data["chat"])
            return redirect("answer_evaluation", made.pk)
        except Rejected as error:
            form.add_error(None, str(error))
    status = 422 if form.is_bound and form.errors else 200
    context = context_of(collection) | _page(request, collection) | {"form": form}
    return render(request, "rag_app/answer_quality.html", context, status=status)


@login_required
@require_safe
def answer_evaluation(request: HttpRequest, pk: int) -> HttpResponse:
    """Its figures, and what came of each question, the worst first."""
    found = _evaluation(request, pk)
    ranked = _ranked(found)
    context = context_of(found.collection) | {
        "evaluation": found,
        "measures": _measures(found),
        "cost": _cost(found),
        "measured": len(ranked),
        "faulty": sum(bool(wrong) for _row, wrong in ranked),
    }
    page = Paginator([row for row, _wrong in ranked], LINES_PER_PAGE).get_page(
        request.GET.get("page")
    )
    context |= {"page": page, "lines": _lines(found.collection, list(page))}
    return render(request, "rag_app/answer_evaluation.html", context)


@never_cache
@login_required
@require_safe
def answer_evaluation_state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; once it is done, the page loads itself anew."""
    found = _evaluation(request, pk)
    context = {"evaluation": found}
    response = render(request, "rag_app/_answer_evaluation_state.html", context)
    if found.state != AnswerEvaluation.State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def answer_evaluation_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        quality.cancel(_evaluation(request, pk))
    except Rejected as error:
        messages.error(request, str(error))
    return redirect("answer_evaluation", pk)


@login_required
@require_POST
def answer_evaluation_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = _evaluation(request, pk)
    found.delete()
    messages.success(request, _("The evaluation is deleted."))
    return redirect("answer_quality", found.collection_id)


def _evaluation(request: HttpRequest, pk: int) -> AnswerEvaluation:
    rows = AnswerEvaluation.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("collection__owner"), pk=pk)


def _page(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    rows = quality.evaluations(request.user, collection)
    last = rows.filter(state=AnswerEvaluation.State.READY).first()
    ready = collection.documents.filter(state=Document.State.READY)
    return {
        "questions": quality.questions(request.user, collection).count(),
        "any_ready": ready.exists(),
        "last": last,
        "measures": _measures(last) if last else [],
        "runs": [
            {"run": run, "cells": [one["value"] for one in _measures(run)]} for run in rows[:SHOWN]
        ],
        "labels": LABELS.values(),
    }


def _measures(found: AnswerEvaluation) -> list[dict[str, Any]]:
    """A line for each figure: its name, what it is, and how far above that of the run before."""
    figures = found.figures
    if not figures:
        return []
    change = figures["change"]["measures"] if "change" in figures else {}
    return [
        {"name": label, "value": figures["measures"][name], "gain": change.get(name)}
        for name, label in LABELS.items()
    ]


def _ranked(found: AnswerEvaluation) -> list[tuple[MeasuredAnswer, list[str]]]:
    """The questions of a run with what is wrong with each, the worst first. One statement, which
    leaves the answers behind."""
    rows = MeasuredAnswer.objects.filter(evaluation=found).defer("answer", "sources")
    told = [(row, _wrong(Measured(**row.measured))) for row in rows.order_by("question")]
    return sorted(told, key=lambda one: (not one[0].measured["problem"], -len(one[1])))


def _lines(collection: Collection, rows: list[MeasuredAnswer]) -> list[Line]:
    """Two statements for a page of them."""
    answers = MeasuredAnswer.objects.in_bulk([one.pk for one in rows])
    known = documents(collection, {each for one in rows for each in one.measured["ranks"]})
    made = []
    for one in rows:
        row = answers.get(one.pk, one)
        measured = report.of_row(row)
        ranks = [(known[each], place) for each, place in measured.ranks.items() if each in known]
        made.append(Line(row.question_id, measured, _wrong(measured), ranks))
    return made


def _wrong(one: Measured) -> list[str]:
    """In words; nothing where all is as it should be."""
    if one.problem:
        return [_("no answer")]
    found = []
    if one.answerable and not one.answered:
        found.append(_("refused, though it can be answered"))
    if not one.answerable and one.answered:
        found.append(_("answered instead of refused"))
    if one.found is not None and one.found < 1:
        missed = sum(place is None or place > TOP for place in one.ranks.values())
        told = ngettext(
            "%(n)d right document is not among the first 5",
            "%(n)d right documents are not among the first 5",
            missed,
        )
        found.append(told % {"n": missed})
    if one.answered and one.missing:
        told = ngettext("%(n)d fact is missing", "%(n)d facts are missing", len(one.missing))
        found.append(told % {"n": len(one.missing)})
    if one.supported is not None and one.supported < 1:
        found.append(_("a sentence without support"))
    if one.supporting is not None and one.supporting < 1:
        found.append(_("a citation beside the point"))
    return found


def _cost(found: AnswerEvaluation) -> Decimal | None:
    return Decimal(found.figures["cost"]) if found.figures else None
