"""Words: what is near to one, sums and differences, drawn; all of it stands in the address."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.encoders import ModelMissing
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app import words as service
from search_app.analysis import plane, sums
from search_app.views.documents import _whole
from search_app.views.looking import _told
from search_app.words_forms import WordListForm

SHOWN = 10
NUMBERS = (10, 20, 50, 100)
EXAMPLES = ("germany + paris - france", "king - man + woman", "ice + cream", "happy")


@require_safe
def words(request: HttpRequest) -> HttpResponse:
    """`?c=` a collection, `plus` and `minus` as often as wanted, `n`, `inputs=1`; `add` is put to
    the others, and the address is then written anew."""
    given = request.GET
    plus, minus = given.getlist("plus"), given.getlist("minus")
    if "add" in given:
        more = sums.parse(given["add"], -1 if given.get("sign") == "minus" else 1)
        return redirect(_address(given, [*plus, *more[0]], [*minus, *more[1]]))
    choices = list(service.collections(request.user)[:200])
    chosen = _chosen(request, choices)
    number = min(max(_whole(given.get("n")) or SHOWN, 1), service.MOST_NEAR)
    context: dict[str, Any] = {
        "collections": choices,
        "collection": chosen,
        "plus": plus,
        "minus": minus,
        "n": number,
        "numbers": NUMBERS,
        "inputs": given.get("inputs") == "1",
        "terms": _chips(given, plus, minus),
        "examples": [(one, _address(given, *sums.parse(one))) for one in EXAMPLES],
        "width": plane.WIDTH,
        "height": plane.HEIGHT,
    }
    status = 200
    if chosen and (plus or minus):
        try:
            context["found"] = service.arithmetic(
                request.user, chosen, plus, minus, limit=number, inputs=context["inputs"]
            )
        except (Rejected, ModelMissing) as error:
            context["problem"], status = _told(request, error), 422
        else:
            context["sum"] = sums.written(plus, minus)
    return render(request, "search_app/words.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def words_new(request: HttpRequest) -> HttpResponse:
    """A collection of the site's word list under a model of one's choice."""
    form = WordListForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = service.make(cast(User, request.user), **form.cleaned_data)
        except Rejected as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The words are being embedded."))
            return redirect(made)
    return render(
        request, "search_app/words_new.html", {"form": form}, status=422 if form.errors else 200
    )


def _chosen(request: HttpRequest, choices: list[Collection]) -> Collection | None:
    """The one of the address, which need not be a word list; else the first."""
    if "c" not in request.GET:
        return choices[0] if choices else None
    rows = Collection.objects.visible_to(request.user).select_related("embedding_model")
    found = get_object_or_404(rows, pk=_whole(request.GET["c"]))
    if found not in choices:
        choices.append(found)
    return found


def _chips(given: Any, plus: list[str], minus: list[str]) -> list[dict[str, Any]]:
    """Each word with the addresses without it, and with it on the other side."""
    found = []
    for own, other, added in ((plus, minus, True), (minus, plus, False)):
        for place, word in enumerate(own):
            rest = [*own[:place], *own[place + 1 :]]
            without = (rest, other) if added else (other, rest)
            turned = (rest, [*other, word]) if added else ([*other, word], rest)
            chip = {"word": word, "added": added, "without": _address(given, *without)}
            found.append(chip | {"turned": _address(given, *turned)})
    return found


def _address(given: Any, plus: list[str], minus: list[str]) -> str:
    kept = [(name, given[name]) for name in ("c", "n", "inputs") if given.get(name)]
    pairs = [*kept, *(("plus", one) for one in plus), *(("minus", one) for one in minus)]
    return f"{reverse('words')}?{urlencode(pairs)}" if pairs else reverse("words")
