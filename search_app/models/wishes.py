"""Work that was asked for and that a worker does: each row is a queue of one."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Wish(models.Model):
    """What was asked for stands in the row of the class below; how its making stands, here.

    A worker holds the row while `lease_until` is in the future; what it made counts only
    while `claim_token` is still its own (`search_app.leases`).
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    error = models.TextField(_("error"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claim_token = models.UUIDField(_("claim token"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    requested = models.DateTimeField(_("requested"), auto_now_add=True)

    class Meta:
        abstract = True
