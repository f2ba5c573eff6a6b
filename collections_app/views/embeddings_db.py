"""Collections of the `llm` tool in and out, as the file that it keeps them in."""

from typing import cast

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from collections_app import services
from collections_app.models import Collection
from collections_app.services import Rejected
from collections_app.services.llm_export import exported
from collections_app.services.llm_import import Started, start_imports

NAME = "embeddings.db"


class EmbeddingsDbForm(forms.Form):
    """The file of the `llm` tool."""

    file = forms.FileField(
        label=_("The file embeddings.db"),
        help_text=_("“llm collections path” says where it is. Nothing is embedded again."),
    )


@login_required
def embeddings_db(request: HttpRequest) -> HttpResponse:
    """The page; a POST starts a run for each collection of the file, and shows them."""
    form = EmbeddingsDbForm(request.POST or None, request.FILES or None)
    started: list[Started] = []
    if request.method == "POST" and form.is_valid():
        file, user = form.cleaned_data["file"], cast(User, request.user)
        try:
            blob = services.store_blob(file, settings.MAX_UPLOAD_BYTES)
            started = start_imports(user, file.name, blob)
        except Rejected as error:
            form.add_error("file", str(error))
    context = {"form": form, "started": started, "collections": _own(request)}
    return render(request, "collections_app/embeddings_db.html", context)


@login_required
@require_safe
def embeddings_db_file(request: HttpRequest) -> HttpResponseBase:
    """The collections named by `c`, or all of one's own, as such a file."""
    wanted = [int(one) for one in request.GET.getlist("c") if one.isdecimal()]
    rows = Collection.objects.visible_to(request.user)
    collections = [get_object_or_404(rows, pk=one) for one in dict.fromkeys(wanted)]
    try:
        stream = exported(collections or list(_own(request)))
    except Rejected as error:
        form = EmbeddingsDbForm()
        context = {"form": form, "collections": _own(request), "refusal": str(error)}
        return render(request, "collections_app/embeddings_db.html", context, status=422)
    answer = FileResponse(stream, as_attachment=True, filename=NAME)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _own(request: HttpRequest) -> QuerySet[Collection]:
    return Collection.objects.editable_by(request.user).order_by("name", "pk")
