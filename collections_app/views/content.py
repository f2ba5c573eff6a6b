"""Adding content: files by drag and drop or picker, and pasted text."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from collections_app import services
from collections_app.forms import TextForm
from collections_app.models import Collection
from collections_app.services import AddResult, Problem


@login_required
@vary_on_headers("Accept")
def content_add(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; a POST takes files and answers with JSON where that is asked for."""
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    if request.method != "POST":
        return _page(request, found, TextForm())
    files = request.FILES.getlist("files")
    if not files:
        result = AddResult(problems=[Problem("", _("No file came. Choose one or more files."))])
    else:
        result = services.add_files(found, files)
    if request.accepts("text/html"):
        return _answer(request, found, TextForm(), result)
    return JsonResponse(
        {
            "added": len(result.added),
            "changed": len(result.changed),
            "unchanged": len(result.unchanged),
            "problems": {problem.external_id: problem.message for problem in result.problems},
        }
    )


@login_required
@require_POST
def text_add(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    item = services.Incoming(
        external_id=form.cleaned_data["title"],
        body=form.cleaned_data["text"],
        title=form.cleaned_data["title"],
        media_type=form.cleaned_data["media_type"],
    )
    return _answer(request, found, form, services.add_documents(found, [item]))


def _answer(
    request: HttpRequest, collection: Collection, form: TextForm, result: AddResult
) -> HttpResponse:
    """Back to the collection when all went in; else this page again with each problem."""
    if count := len(result.added) + len(result.changed):
        messages.success(
            request, ngettext("%d document added.", "%d documents added.", count) % count
        )
    if count := len(result.unchanged):
        messages.info(
            request,
            ngettext(
                "%d document was here already, unchanged.",
                "%d documents were here already, unchanged.",
                count,
            )
            % count,
        )
    if result.problems:
        return _page(request, collection, form, problems=result.problems, status=422)
    return redirect(collection)


def _page(
    request: HttpRequest,
    collection: Collection,
    form: TextForm,
    problems: list[Problem] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "collection": collection,
        "can_edit": True,
        "form": form,
        "problems": problems or [],
        "progress": services.progress(collection),
        "tab": "add",
    }
    return render(request, "collections_app/content_add.html", context, status=status)
