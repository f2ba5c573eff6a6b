"""The question box, with the questions asked before."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from collections_app.encoders import ModelMissing
from collections_app.models import Collection
from collections_app.services import Rejected
from collections_app.throttles import AskThrottle
from rag_app import answer
from rag_app.forms import AskForm
from rag_app.models import Question
from rag_app.visitors import own_questions, session_key

QUESTIONS_PER_PAGE = 20
SEVERAL = 2  # collections: of so few one asks one, or all


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """`?c=` chooses the collection, or several, `?q=` is written into the box."""
    if request.method != "POST":
        chosen = [one for one in request.GET.getlist("c") if one.isdecimal()]
        initial: dict[str, Any] = {"question": request.GET.get("q")}
        initial["collection"] = request.GET.get("c")
        if len(chosen) > 1:
            initial |= {"among": chosen, "collection": None}
        return _page(request, AskForm(initial=initial, user=request.user))
    form = AskForm(request.POST, user=request.user)
    if too_often(request):
        form.add_error(None, _("You ask too often. Wait a minute, then send it again."))
        return _page(request, form, status=429)
    if form.is_valid() and (asked := _asked(request, form)):
        return redirect(asked)
    return _page(request, form, status=422)


def too_often(request: HttpRequest) -> bool:
    """The limit of the API, on the same counts: pages are no way around it."""
    return not AskThrottle().allow_request(request, None)  # type: ignore[arg-type]


def model_missing() -> str:
    return _("The embedding model is not there, so nothing can be found. Tell the site's operator.")


def _asked(request: HttpRequest, form: AskForm) -> Question | None:
    try:
        return answer.ask(
            request.user,
            form.cleaned_data["question"],
            collection=None if form.cleaned_data["among"] else form.cleaned_data["collection"],
            among=list(form.cleaned_data["among"]),
            session_key=session_key(request),
            chat=form.cleaned_data.get("chat", ""),
        )
    except Rejected as error:
        form.add_error("question", str(error))
    except ModelMissing:
        form.add_error(None, model_missing())
    return None


def _page(request: HttpRequest, form: AskForm, status: int = 200) -> HttpResponse:
    questions = own_questions(request).defer("answer__text", "answer__error")
    page = Paginator(questions, QUESTIONS_PER_PAGE).get_page(request.GET.get("page"))
    several = Collection.objects.visible_to(request.user)[: SEVERAL + 1].count() > SEVERAL
    context = {"form": form, "page": page, "several": several}
    return render(request, "rag_app/ask.html", context, status=status)
