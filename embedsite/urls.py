"""Every address of the site. The rooms bring their own; the API's are in `embedsite.api`."""

from importlib.util import find_spec

from django.contrib import admin
from django.contrib.auth import views as auth
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView
from django.views.i18n import set_language

from embedsite import errors, views
from embedsite.accounts import Login
from embedsite.health import Health

urlpatterns = [
    path("", views.home, name="home"),
    path(
        "robots.txt",
        TemplateView.as_view(template_name="robots.txt", content_type="text/plain"),
        name="robots",
    ),
    path("favicon.ico", views.favicon, name="favicon"),
    path("health/", Health.as_view(), name="health"),
    path("language/", set_language, name="set_language"),
    path("account/login/", Login.as_view(), name="login"),
    path("account/logout/", auth.LogoutView.as_view(), name="logout"),
    path(
        "account/password/",
        auth.PasswordChangeView.as_view(template_name="password_change.html"),
        name="password_change",
    ),
    path(
        "account/password/done/",
        auth.PasswordChangeDoneView.as_view(template_name="password_changed.html"),
        name="password_change_done",
    ),
    # One login page for all, so that one limit on wrong passwords holds.
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/", admin.site.urls),
    path("api/", include("embedsite.api")),
    path("", include("collections_app.urls")),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error


# Until the rooms' own urls are written, so that every template can be rendered.
def pending(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return HttpResponse(status=501)


PENDING = {
    "search_app": [
        path("search/", pending, name="search"),
        path("d/<int:pk>/", pending, name="document"),
        path("c/<int:pk>/clusters/", pending, name="clusters"),
        path("c/<int:pk>/pairs/", pending, name="pairs"),
        path("clusters/<int:pk>/", pending, name="cluster"),
        path("related/<int:pk>/", pending, name="related_widget"),
        path("related/<int:pk>.json", pending, name="related_json"),
    ],
    "rag_app": [
        path("ask/", pending, name="ask"),
        path("q/<uuid:pk>/", pending, name="question"),
        path("q/<uuid:pk>/stream/", pending, name="question_stream"),
        path("q/<uuid:pk>/retry/", pending, name="question_retry"),
    ],
}
for room, placeholders in PENDING.items():
    if find_spec(f"{room}.urls"):
        urlpatterns.append(path("", include(f"{room}.urls")))
    else:
        urlpatterns += placeholders
