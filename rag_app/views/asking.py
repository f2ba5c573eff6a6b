"""The question box, with the conversations had before."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Document
from collections_app.services import Rejected
from collections_app.throttles import AskThrottle
from rag_app import answer
from rag_app.answer.steering import Chosen
from rag_app.filter_form import FilterForm, shown
from rag_app.forms import AskForm
from rag_app.visitors import own_questions, session_key

CONVERSATIONS_PER_PAGE = 20
SEVERAL = 2  # collections: of so few one asks one, or all
MOST_FILTERS = 50  # that an address may give


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """`?c=` chooses the collection, or several, `?q=` is written into the box; `?filter=`, `?pin=`
    and `?drop=`, as often as wanted, narrow down. With `preview` nothing is asked: the prompt is
    shown under the box."""
    if request.method != "POST":
        narrow = FilterForm(initial=shown(request.GET.getlist("filter")[:MOST_FILTERS]))
        return _page(request, AskForm(initial=_initial(request.GET), user=request.user), narrow)
    form, narrow = AskForm(request.POST, user=request.user), FilterForm(request.POST)
    if too_often(request):
        form.add_error(None, _("You ask too often. Wait a minute, then send it again."))
        return _page(request, form, narrow, status=429)
    if form.is_valid() and narrow.is_valid():
        try:
            if "preview" in request.POST:
                found = answer.preview(
                    request.user, form.cleaned_data["question"], **_how(form, narrow)
                )
                return _page(request, form, narrow, found)
            return redirect(
                answer.ask(
                    request.user,
                    form.cleaned_data["question"],
                    session_key=session_key(request),
                    **_how(form, narrow),
                )
            )
        except Rejected as error:
            form.add_error("question", str(error))
        except ModelMissing:
            form.add_error(None, model_missing())
    return _page(request, form, narrow, status=422)


def too_often(request: HttpRequest) -> bool:
    """The limit of the API, on the same counts: pages are no way around it."""
    return not AskThrottle().allow_request(request, None)  # type: ignore[arg-type]


def model_missing() -> str:
    return _("The embedding model is not there, so nothing can be found. Tell the site's operator.")


def chosen(given: QueryDict) -> dict[str, list[Chosen]]:
    """The passages that a form pins and drops. Raises Rejected."""
    pinned, dropped = (
        [Chosen.read(key) for key in dict.fromkeys(given.getlist(name))] for name in ("pin", "drop")
    )
    if both := set(pinned) & set(dropped):
        raise Rejected(
            _("A passage cannot be kept in and left out at once (%(key)s). Choose one.")
            % {"key": both.pop().key}
        )
    return {"pinned": pinned, "dropped": dropped}


def _initial(given: QueryDict) -> dict[str, Any]:
    numbers = [one for one in given.getlist("c") if one.isdecimal()]
    initial: dict[str, Any] = {"question": given.get("q"), "collection": given.get("c")}
    if len(numbers) > 1:
        initial |= {"among": numbers, "collection": None}
    return initial


def _how(form: AskForm, narrow: FilterForm) -> dict[str, Any]:
    """What the forms say besides the question. Raises Rejected."""
    values = form.cleaned_data
    return {
        "collection": None if values["among"] else values["collection"],
        "among": list(values["among"]),
        "chat": values.get("chat", ""),
        "filters": narrow.filters(),
        **chosen(form.data),  # type: ignore[arg-type]
    }


def _page(
    request: HttpRequest,
    form: AskForm,
    narrow: FilterForm,
    preview: Any = None,
    status: int = 200,
) -> HttpResponse:
    questions = answer.latest(own_questions(request)).defer("answer__text", "answer__error")
    page = Paginator(questions, CONVERSATIONS_PER_PAGE).get_page(request.GET.get("page"))
    several = Collection.objects.visible_to(request.user)[: SEVERAL + 1].count() > SEVERAL
    given = request.POST if request.method == "POST" else request.GET
    context = {
        "form": form,
        "narrow": narrow,
        "narrowed": any(narrow[name].value() for name in narrow.fields),
        "page": page,
        "several": several,
        "nothing": not page.paginator.count
        and not Document.objects.visible_to(request.user).exists(),
        "pins": given.getlist("pin"),
        "drops": given.getlist("drop"),
    }
    if preview:
        question, draft = preview
        sent = answer.drafted(draft, request.user)
        context |= {"preview": True, "previewed": question, "draft": draft, "sent": sent}
    return render(request, "rag_app/ask.html", context, status=status)
