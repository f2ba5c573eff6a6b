from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RagAppConfig(AppConfig):
    name = "rag_app"
    verbose_name = _("Questions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from rag_app import receivers  # noqa: F401 (connects itself)
