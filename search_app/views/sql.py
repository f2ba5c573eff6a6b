"""The SQL page: a query, its parameters, its rows; kept queries."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.encoders import ModelMissing
from collections_app.services import Rejected
from search_app import sql as queries
from search_app.models import SavedQuery, SqlRun
from search_app.queries import sql_views
from search_app.sql_forms import SaveForm, SqlForm
from search_app.views.looking import _told

RECENT = 8
PAGES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sql(request: HttpRequest) -> HttpResponse:
    """A query by POST, or as an address: `?sql=` and `?name=` for each parameter."""
    return _page(request, request.POST if request.method == "POST" else request.GET)


@login_required
@require_safe
def sql_saved(request: HttpRequest, slug: str) -> HttpResponse:
    """A kept query, run over what the reader may see; parameters stand in the address."""
    found = get_object_or_404(SavedQuery.objects.reachable_by(request.user), slug=slug)
    given = request.GET.copy()
    given["sql"] = found.sql
    return _page(request, given, found)


@login_required
@require_POST
def sql_save(request: HttpRequest) -> HttpResponse:
    """Keep a query; with `slug`, change one's own."""
    form = SaveForm(request.POST)
    if form.is_valid():
        try:
            slug = request.POST.get("slug", "")
            made = queries.save(cast(User, request.user), slug=slug, **form.cleaned_data)
        except Rejected as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The query is saved."))
            return redirect(made)
    problems = [text for texts in form.errors.values() for text in texts]
    context = {"problems": problems, **_around(request), "save": form}
    context["form"] = SqlForm(initial={"sql": request.POST.get("sql", "")})
    return render(request, "search_app/sql.html", context, status=422)


@login_required
@require_POST
def sql_delete(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(SavedQuery.objects.editable_by(request.user), slug=slug)
    found.delete()
    messages.success(request, _("The query is deleted."))
    return redirect("sql")


def _page(request: HttpRequest, given: QueryDict, saved: SavedQuery | None = None) -> HttpResponse:
    context: dict[str, Any] = {"saved": saved, **_around(request)}
    text = given.get("sql", "")
    answer, status = None, 200
    form = SqlForm(initial={"sql": text})
    if text:
        try:
            made = queries.read(text)
            form = SqlForm(given, made=made)
            if form.is_valid() and len(form.values) == len(made.parameters):
                user, model = cast(User, request.user), form.cleaned_data.get("model")
                answer = queries.run(user, text, form.values, model)
            elif form.errors and set(form.errors) != {"sql"}:
                status = 422
        except (Rejected, ModelMissing) as error:
            context["problems"], status = [_told(request, error)], 422
    if answer and (kind := given.get("export", "")) in PAGES:
        return _export(answer, kind, saved)
    context |= {"form": form, "answer": answer, "save": _save_form(text, saved)}
    if answer:
        context["link"] = _link(form, text, saved)
    return render(request, "search_app/sql.html", context, status=status)


def _save_form(text: str, saved: SavedQuery | None) -> SaveForm:
    return SaveForm(instance=saved) if saved else SaveForm(initial={"sql": text})


def _link(form: SqlForm, text: str, saved: SavedQuery | None) -> str:
    """The address of this result, for exports and to be passed on."""
    given = {} if saved else {"sql": text}
    chosen = {"model": form.data["model"]} if "model" in form.data else {}
    return "?" + urlencode(given | form.values | chosen)


def _export(answer: queries.Answer, kind: str, saved: SavedQuery | None) -> HttpResponse:
    written = queries.as_csv(answer) if kind == "csv" else queries.as_json(answer)
    name = f'attachment; filename="{saved.slug if saved else "query"}.{kind}"'
    return HttpResponse(written, content_type=PAGES[kind], headers={"Content-Disposition": name})


def _around(request: HttpRequest) -> dict[str, Any]:
    """What stands beside the query: examples, kept queries, one's last runs, the views."""
    user = cast(User, request.user)
    runs = SqlRun.objects.filter(user=user, error="").values_list("sql", flat=True)
    return {
        "examples": queries.examples(),
        "kept": SavedQuery.objects.visible_to(user).select_related("owner"),
        "recent": list(dict.fromkeys(runs[: 5 * RECENT]))[:RECENT],
        "views": sql_views.columns(),
        "ready": queries.is_ready(),
        "not_set_up": queries.not_set_up(),
    }
