"""Adding content: files by drag and drop or picker, and pasted text."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from collections_app import quotas, services
from collections_app.forms import TextForm
from collections_app.models import Collection
from collections_app.problems import over_limit
from collections_app.services import AddResult, NamedPath, Problem, safe_id, safe_prefix, uploads

View = Callable[[HttpRequest, int], HttpResponse]


def within_limits(view: View) -> View:
    """A request over a limit is answered on this page, not by a bare 400.

    The CSRF check is the first to read the body, so it is made here and not by the middleware.
    """
    checked: View = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def answered(request: HttpRequest, pk: int) -> HttpResponse:
        try:
            return checked(request, pk)
        except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as error:
            return _refused(request, pk, over_limit(error))

    return answered


@within_limits
@login_required
@vary_on_headers("Accept")
def content_add(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; a POST takes files and answers with JSON where that is asked for."""
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    if request.method != "POST":
        return _page(request, found, TextForm())
    files = _sent_files(request)
    if not files:
        return _refused(request, pk, _("No file came. Choose one or more files."), 422)
    before = request.POST.get("before", "")[: uploads.MOST_BEFORE]
    result = services.add_files(found, files, before)
    if request.accepts("text/html"):
        return _answer(request, found, TextForm(), result)
    sent = {safe_prefix(before) + safe_id(file.name): file.name for file in files}
    return JsonResponse(
        {
            "added": len(result.added),
            "changed": len(result.changed),
            "unchanged": len(result.unchanged),
            "problems": {
                sent.get(one.external_id, one.external_id): one.message for one in result.problems
            },
            "notes": {
                sent.get(one.external_id, one.external_id): one.message for one in result.notes
            },
        }
    )


@within_limits
@login_required
@require_POST
def text_add(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    item = services.Incoming(
        external_id=form.cleaned_data["title"],
        body=form.cleaned_data["text"].replace("\r\n", "\n"),  # as browsers send it
        title=form.cleaned_data["title"],
        media_type=form.cleaned_data["media_type"],
    )
    return _answer(request, found, form, services.add_documents(found, [item]))


def _sent_files(request: HttpRequest) -> list[NamedPath]:
    """The files, under the paths that the page's script sends beside them, else their names."""
    files = [cast(TemporaryUploadedFile, file) for file in request.FILES.getlist("files")]
    paths = request.POST.getlist("paths")
    names = paths if len(paths) == len(files) else [file.name or "" for file in files]
    return [
        NamedPath(Path(file.temporary_file_path()), name)
        for file, name in zip(files, names, strict=True)
    ]


def _refused(request: HttpRequest, pk: int, message: str, status: int = 413) -> HttpResponse:
    """Nothing went in; said to whoever may add content here."""
    found = get_object_or_404(Collection.objects.editable_by(request.user), pk=pk)
    if not request.accepts("text/html"):
        return JsonResponse({"message": message}, status=status)
    return _page(request, found, TextForm(), refusal=message, status=status)


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
    if (count := len(result.notes) - len(result.unchanged)) > 0:
        messages.info(
            request,
            ngettext(
                "%d file came twice; it is one document.",
                "%d files came twice; they are one document each.",
                count,
            )
            % count,
        )
    if count := len(result.runs):
        messages.success(
            request,
            ngettext(
                "%d file is taken apart: see Sources.",
                "%d files are taken apart: see Sources.",
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
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "collection": collection,
        "can_edit": True,
        "form": form,
        "problems": problems or [],
        "refusal": refusal,
        "progress": services.progress(collection),
        "usages": quotas.limits(collection),
        "tab": "add",
    }
    return render(request, "collections_app/content_add.html", context, status=status)
