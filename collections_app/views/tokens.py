"""API tokens of one's own. A key is shown once, on the page that answers its making."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from collections_app import services
from collections_app.forms import TokenForm
from collections_app.models import ApiToken


@login_required
@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = TokenForm(request.POST or None)
    key = ""
    if request.method == "POST" and form.is_valid():
        _token, key = services.create_token(user, **form.cleaned_data)
        form = TokenForm()
    context = {"form": form, "key": key, "tokens": ApiToken.objects.filter(user=user)}
    return render(request, "collections_app/tokens.html", context)


@login_required
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, user_id=request.user.pk, pk=pk)
    token.delete()
    messages.success(request, _("The token “%s” no longer works.") % token.name)
    return redirect("tokens")
