"""Looking through pictures: by words, by a picture, from one to the next, and by phrases."""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.encoders import ModelMissing
from collections_app.models import Collection, Document
from collections_app.pipeline.pictures import COPY_TYPE, FORMATS
from collections_app.services import Rejected
from collections_app.throttles import SearchThrottle
from search_app import pictures as looking
from search_app.pictures_forms import AskedPictureForm, PhrasesForm
from search_app.views import narrowing

PER_PAGE = 24
STEPS = 12  # of a trail that are kept
NUMBERS = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})*")
OWN = (
    "type",
    "language",
    "collection",
    "width",
    "height",
)  # counts that say nothing within one collection's pictures


@dataclass(frozen=True)
class Step:
    """A picture that was looked at on the way here, and the address that leads back to it."""

    document: Document
    url: str

    @property
    def alt(self) -> str:
        return looking.alt_text(self.document)


@require_http_methods(["GET", "HEAD", "POST"])
def pictures(request: HttpRequest, pk: int) -> HttpResponse:
    """`?q=` words, `?like=` a document's number, `?picture=` one that was asked with; `?trail=`
    what was looked at before, `?filter=` and `?sort=` as the search has them. POST a picture."""
    rows = Collection.objects.visible_to(request.user).select_related("embedding_model")
    collection = get_object_or_404(rows, pk=pk)
    context: dict[str, Any] = {
        "collection": collection,
        "can_edit": collection.is_editable_by(request.user),
        "tab": "pictures",
    }
    if not collection.embedding_model.takes_pictures:
        return render(request, "search_app/pictures.html", context | {"no_model": True})
    posted = request.method == "POST"
    form = AskedPictureForm(request.POST, request.FILES) if posted else AskedPictureForm()
    status = 200
    try:
        if posted and not SearchThrottle().allow_request(request, None):  # type: ignore[arg-type]
            status, form = 429, AskedPictureForm()
            context["problems"] = [_("Too many pictures in a short time. Try again in a minute.")]
        elif posted and form.is_valid():
            name = looking.keep(collection.embedding_model, form.cleaned_data["content"])
            return redirect(f"{request.path}?picture={name}")
        elif posted:
            context["problems"] = [text for texts in form.errors.values() for text in texts]
        context |= _found(request, collection)
    except Rejected as error:
        context["problems"] = [str(error)]
    except ModelMissing as error:
        context["problems"], status = [_missing(request, error)], 503
    status = 422 if context.get("problems") and status == 200 else status
    return render(request, "search_app/pictures.html", context | {"form": form}, status=status)


def _found(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    given = request.GET
    trail = _trail(request, collection)
    like = trail[-1].document if trail and given.get("like") else None
    wanted = given.getlist("filter")
    number = int(found) if (found := given.get("page", "")).isdecimal() and len(found) < 5 else 1
    result = looking.find(
        request.user,
        collection,
        _look(collection, given, like),
        wanted=wanted,
        sort=given.get("sort", ""),
        limit=PER_PAGE,
        offset=PER_PAGE * (max(number, 1) - 1),
    )
    paginator = Paginator(range(result.total), PER_PAGE)
    page: Page[Any] = Page(result.pictures, max(number, 1), paginator)
    shown = [one for one in result.facets if one.name not in OWN]
    cheaper = looking.cheaper(like) if like else ""
    return {
        "found": result,
        "page": page,
        "tiles": [(tile, _onward(given, tile.document, like)) for tile in result.pictures],
        "q": given.get("q", ""),
        "like": like,
        "like_alt": looking.alt_text(like) if like else "",
        "asked": given.get("picture", "") if not like else "",
        "trail": trail[:-1] if like else trail,
        "origin": _origin(given) if like else "",
        "filters": wanted,
        "chips": [
            narrowing.Link(one, narrowing.address(given, filter=wanted[:n] + wanted[n + 1 :]))
            for n, one in enumerate(wanted)
        ],
        "cheaper": narrowing.address(given, filter=[*_unpriced(wanted), cheaper], sort=None)
        if cheaper and cheaper not in wanted
        else "",
        "choices": narrowing.choices(given, shown, [collection]),
        "orders": _orders(given, shown),
    }


def _look(collection: Collection, given: QueryDict, like: Document | None) -> looking.Look | None:
    if like is not None:
        return looking.by_document(like)
    if name := given.get("picture"):
        return looking.by_kept(collection.embedding_model, name)
    return looking.by_text(collection, text) if (text := given.get("q", "").strip()) else None


def _trail(request: HttpRequest, collection: Collection) -> list[Step]:
    """The pictures on the way, the one that is looked at last; what is gone is left out."""
    given = request.GET
    written = given.get("trail", "")
    steps = written.split(".") if NUMBERS.fullmatch(written) else []
    if (like := given.get("like", "")) and NUMBERS.fullmatch(like):
        steps.append(like)
    rows = collection.documents.select_related("blob", "collection")
    known = {str(one.pk): one for one in rows.filter(pk__in=steps[-STEPS - 1 :])}
    if like and like not in known:
        raise Http404(_("There is no such document here."))
    steps = [step for step in steps[-STEPS - 1 :] if step in known]
    return [Step(known[step], _at(given, step, steps[:n])) for n, step in enumerate(steps)]


def _at(given: QueryDict, like: str, before: list[str]) -> str:
    """The address of looking at this one after those."""
    return narrowing.address(given, like=like, trail=".".join(before) or None, filter=[])


def _onward(given: QueryDict, document: Document, like: Document | None) -> str:
    before = [one for one in given.get("trail", "").split(".") if one.isdecimal()]
    before += [str(like.pk)] if like else []
    return _at(given, str(document.pk), before[-STEPS:])


def _origin(given: QueryDict) -> str:
    """Where the way began: words or a picture."""
    if not (given.get("q") or given.get("picture")):
        return ""
    return narrowing.address(given, like=None, trail=None, filter=[])


def _unpriced(wanted: list[str]) -> list[str]:
    return [one for one in wanted if not one.startswith(f"{looking.PRICE}:")]


def _orders(given: QueryDict, shown: list[Any]) -> list[narrowing.Link]:
    asks = any(given.get(name) for name in ("q", "like", "picture"))
    current = given.get("sort", "")
    named = [("", _("Most alike")) if asks else ("", _("Newest first"))]
    if any(one.name == looking.PRICE and one.kind for one in shown) or looking.PRICE in current:
        named += [(looking.PRICE, _("Cheapest first")), (f"-{looking.PRICE}", _("Dearest first"))]
    return [
        narrowing.Link(label, narrowing.address(given, sort=order or None), chosen=order == current)
        for order, label in named
    ]


def _missing(request: HttpRequest, error: Exception) -> str:
    if getattr(request.user, "is_staff", False):
        return str(error)
    return _("The embedding model is not there. Ask an administrator of the site.")


@require_safe
def picture_asked(request: HttpRequest, name: str) -> HttpResponse:
    """The small copy of a picture that somebody asks with; its name cannot be guessed."""
    found = looking.kept(name)
    if found is None:
        raise Http404(_("This picture is not kept any more. Choose it again."))
    response = HttpResponse(found.thumbnail, content_type=COPY_TYPE)
    response["Cache-Control"] = "private, max-age=3600"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def phrases(request: HttpRequest) -> HttpResponse:
    """One picture and many phrases: how near each is, in percent. `?document=` chooses one."""
    if request.method == "POST":
        form = PhrasesForm(request.POST, request.FILES)
    else:
        given = request.GET if "phrases" in request.GET else None
        form = PhrasesForm(given, initial=request.GET.dict())
    context: dict[str, Any] = {"form": form, "chosen": _chosen(request)}
    status = 200
    if form.only is None:
        context["no_model"] = True
    elif form.is_bound:
        status = 422
        if form.is_valid():
            try:
                context |= _shares(context["chosen"], form.cleaned_data)
                status = 200
            except (Rejected, ModelMissing) as error:
                told = str(error) if isinstance(error, Rejected) else _missing(request, error)
                form.add_error(None, told)
    return render(request, "search_app/phrases.html", context, status=status)


def _chosen(request: HttpRequest) -> Document | None:
    """The document named in the address or the form, one that is a picture."""
    given = request.POST.get("document") or request.GET.get("document") or ""
    if not given.isdecimal() or len(given) > 18:
        return None
    rows = Document.objects.visible_to(request.user).filter(format__in=FORMATS)
    return get_object_or_404(rows.select_related("collection__embedding_model"), pk=int(given))


def _shares(chosen: Document | None, values: dict[str, Any]) -> dict[str, Any]:
    model, data = values["model"], values.get("picture")
    if data:
        name = looking.keep(model, data)
        look = looking.by_kept(model, name)
        return {
            "asked": name,
            "chosen": None,
            "model": model,
            "rows": looking.percentages(model, look, values["phrases"].splitlines()),
        }
    if chosen is None:
        raise Rejected(_("There is no picture. Choose one."))
    model = chosen.collection.embedding_model
    if not model.takes_pictures:
        raise Rejected(_("The model of this picture's collection takes no pictures."))
    look = looking.by_document(chosen)
    rows = looking.percentages(model, look, values["phrases"].splitlines())
    return {"model": model, "rows": rows}
