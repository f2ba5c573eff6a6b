from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SearchAppConfig(AppConfig):
    name = "search_app"
    verbose_name = _("Search")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from search_app import receivers  # noqa: F401 (connects itself)
