"""Every address of the site. The rooms bring their own; the API's are in `embedsite.api`."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path
from django.views.generic import RedirectView, TemplateView
from django.views.i18n import set_language

from embedsite import errors, views
from embedsite.accounts import Login
from embedsite.health import Health
from rag_app.api import Mcp

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
    re_path(r"^mcp/?$", Mcp.as_view(), name="mcp"),
    path("v1/", include("embedsite.openai_api")),
    path("", include("collections_app.urls")),
    path("", include("search_app.urls")),
    path("", include("rag_app.urls")),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
