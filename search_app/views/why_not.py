"""The page that tells why a document is not found."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.encoders import ModelMissing
from collections_app.services import Rejected
from search_app import missing
from search_app.forms import WhyNotForm
from search_app.views import narrowing
from search_app.views.searching import balance_of, folds, reranks

KEPT = ("filter", "sort", "balance", "fold", "rerank")  # of the search, which the form passes on


@require_safe
def why_not(request: HttpRequest) -> HttpResponse:
    """The address of a search with `&document=`; without a document, the form alone."""
    form = WhyNotForm(request.GET, user=request.user)
    given = request.GET
    context = {
        "form": form,
        "kept": [(name, value) for name in KEPT for value in given.getlist(name)],
        "filters": given.getlist("filter"),
        "results": narrowing.address(given, document=None),
    }
    found, status = _found(request, form)
    return render(request, "search_app/why_not.html", context | found, status=status)


def _found(request: HttpRequest, form: WhyNotForm) -> tuple[dict[str, Any], int]:
    """The answer or the problem, and the status."""
    if not form.is_valid():
        return {}, 422
    values, given = form.cleaned_data, request.GET
    if not values["document"]:
        return {}, 200
    document = missing.find(request.user, values["document"], values["c"])
    if document is None:
        return {"problem": _("There is no such document. Give its number or its id.")}, 404
    if not values["q"] and not given.getlist("filter"):
        return {"document": document}, 200
    try:
        answer = missing.why_not(
            request.user,
            values["q"],
            document,
            collection=values["c"],
            wanted=given.getlist("filter"),
            sort=given.get("sort", ""),
            balance=balance_of(given),
            fold=folds(given),
            rerank=reranks(given),
        )
    except ModelMissing as error:
        return {"without_model": str(error)}, 503
    except Rejected as error:
        return {"problem": str(error)}, 422
    return {"document": document, "answer": answer}, 200
