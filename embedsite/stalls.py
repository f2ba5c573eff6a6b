"""Tells a collection whose embedding has stalled whether Redis or the workers are to blame."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from collections_app.signals import embedding_stalled
from embedsite import status


@receiver(embedding_stalled)
def parts_away(sender: Any, **_kwargs: Any) -> str:
    """What is away, and what to do; empty when both answer."""
    try:
        status.broker()
    except status.PartDownError:
        return _("Redis does not answer, so no worker is woken. Start it.")
    try:
        status.worker()
    except status.PartDownError:
        return _("No worker is running. Start one.")
    return ""
