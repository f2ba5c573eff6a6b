"""What an answer cites: opened in its document, or shown as it was once that has changed."""

import re
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from rag_app.answer.reading import opened, visible_citations
from rag_app.models import Citation
from rag_app.visitors import own_questions, shared_questions

OFFSET = re.compile(r"[0-9]{1,9}")


@never_cache
@require_safe
def citation(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """`?start=&end=`: a span in it, in characters of the document as it was."""
    question = own_questions(request).filter(pk=pk).first()
    mine = question is not None
    question = question or get_object_or_404(shared_questions(request), pk=pk)
    citations = visible_citations(question, request.user)
    found = next((one for one in citations if one.number == number), None)
    if found is None:
        raise Http404
    start, end = _span(request, found)
    if found.moved is not None:
        return redirect(opened(found, question, start, end))
    at, to = start - found.start, end - found.start
    context = {
        "question": question,
        "citation": found,
        "mine": mine,
        "before": found.quote[:at],
        "marked": found.quote[at:to],
        "after": found.quote[to:],
    }
    made = render(request, "rag_app/citation.html", context)
    made["X-Robots-Tag"] = "noindex, nofollow"
    return made


def _span(request: HttpRequest, found: Citation) -> tuple[int, int]:
    """What the address asks for, within the citation; all of it where that makes no sense."""
    given = [request.GET.get(name, "") for name in ("start", "end")]
    if not all(OFFSET.fullmatch(one) for one in given):
        return found.start, found.end
    start, end = map(int, given)
    return (start, end) if found.start <= start < end <= found.end else (found.start, found.end)
