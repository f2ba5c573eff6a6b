from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from collections_app.signals import documents_deleting


class RagAppConfig(AppConfig):
    name = "rag_app"
    verbose_name = _("Questions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        documents_deleting.connect(forget, dispatch_uid="rag_app.forget")


def forget(sender: Any, document_ids: list[int], **kwargs: Any) -> None:
    """Answers written from documents that are being deleted lose their words."""
    from rag_app.answer import reading  # models cannot be imported with the app

    reading.forget(document_ids)
