"""Files of word vectors become collections."""

from typing import cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from collections_app import services
from collections_app.intake.words import MOST_WORDS
from collections_app.services import Rejected
from collections_app.services.word_import import start_words


class WordVectorsForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("word2vec as text or binary, or GloVe as text; as it is or as .gz."),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the collection"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Empty: that of the file."),
    )
    most = forms.IntegerField(
        label=gettext_lazy("Only the first words"),
        required=False,
        min_value=1,
        max_value=MOST_WORDS,
        help_text=gettext_lazy("How many; such files begin with the frequent ones. Empty: all."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def word_vectors(request: HttpRequest) -> HttpResponse:
    """The page; a POST starts the run that brings the file in, and goes to it."""
    form = WordVectorsForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            values = form.cleaned_data
            file, user = values["file"], cast(User, request.user)
            try:
                blob = services.store_blob(file, settings.MAX_UPLOAD_BYTES)
                made = start_words(user, file.name, blob, values["name"], values["most"] or 0)
            except Rejected as error:
                form.add_error("file", str(error))
            else:
                assert made.run is not None
                messages.success(
                    request,
                    _("“%(name)s” is being filled: words of %(count)d numbers.")
                    % {"name": made.collection, "count": made.dimension},
                )
                return redirect("run", made.run.pk)
    context = {"form": form, "most_bytes": settings.MAX_UPLOAD_BYTES}
    return render(request, "collections_app/word_vectors.html", context, status=status)
