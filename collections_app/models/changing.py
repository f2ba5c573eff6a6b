"""A collection on its way from one embedding model to another."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from collections_app.models.content import Collection, Document, Viewer
from collections_app.models.embedding import EmbeddingModel


class ModelChangeQuerySet(models.QuerySet["ModelChange"]):
    def visible_to(self, user: Viewer) -> Self:
        """Those of collections that the user may edit: what it takes is the editors' affair."""
        return self.filter(collection__in=Collection.objects.editable_by(user))

    def open(self) -> Self:
        """Those that still have something to do or to be decided."""
        return self.filter(state__in=ModelChange.OPEN)

    def kept_up(self) -> Self:
        """Those whose `beside` gets what comes in and what is edited."""
        return self.filter(state__in=ModelChange.KEPT_UP)


class ModelChange(models.Model):
    """From the model `old` to `new`. At most one is open in a collection.

    `beside` is the model whose passages are kept up beside those that are searched: `new`
    until the switch, `old` after it. `left_out` counts the documents that a switch found
    without passages under the model that it went to.
    """

    class State(models.TextChoices):
        BUILDING = "building", _("building")
        READY = "ready", _("ready to switch")
        FAILED = "failed", _("failed")
        SWITCHED = "switched", _("switched, can be rolled back")
        CANCELLING = "cancelling", _("being cancelled")
        CANCELLED = "cancelled", _("cancelled")
        DROPPING = "dropping", _("old vectors are being dropped")
        DONE = "done", _("done")

    KEPT_UP = (State.BUILDING, State.READY, State.FAILED, State.SWITCHED)
    ENDING = (State.CANCELLING, State.DROPPING)
    OPEN = (*KEPT_UP, *ENDING)

    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="model_changes",
        verbose_name=_("collection"),
    )
    old = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("from the model"),
    )
    new = models.ForeignKey(
        EmbeddingModel, on_delete=models.PROTECT, related_name="+", verbose_name=_("to the model")
    )
    beside = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("model kept beside"),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.BUILDING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("asked for by"),
    )
    left_out = models.PositiveIntegerField(_("documents left out"), default=0)
    error = models.TextField(_("error"), blank=True)
    started = models.DateTimeField(_("started"), auto_now_add=True)
    ready_at = models.DateTimeField(_("ready since"), null=True, blank=True)
    switched_at = models.DateTimeField(_("switched"), null=True, blank=True)
    rolled_back_at = models.DateTimeField(_("rolled back"), null=True, blank=True)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ModelChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of model")
        verbose_name_plural = _("changes of model")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection"],
                condition=~Q(state__in=["cancelled", "done"]),
                name="one_open_change_per_collection",
            )
        ]

    def __str__(self) -> str:
        return f"{self.old} → {self.new}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_kept_up(self) -> bool:
        return self.state in self.KEPT_UP


class Shadow(models.Model):
    """A document's place in the queue of a change: its passages under `change.beside`.

    Claimed as documents are (lease, token, attempts). What is done counts for the content
    that the document has now: `ingest.finish` queues it anew with whatever it writes.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        DONE = "done", _("done")
        SET_ASIDE = "set_aside", _("set aside")

    document = models.OneToOneField(
        Document, on_delete=models.CASCADE, primary_key=True, related_name="shadow"
    )
    change = models.ForeignKey(ModelChange, on_delete=models.CASCADE, related_name="shadows")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    tokens = models.PositiveIntegerField(_("tokens"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    claim_token = models.UUIDField(_("claim token"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    error_stage = models.CharField(_("failed at"), max_length=20, blank=True)
    error_place = models.JSONField(_("failed where"), default=dict, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    class Meta:
        verbose_name = _("document of a change")
        verbose_name_plural = _("documents of a change")
        ordering = ["document"]
        indexes = [
            models.Index(fields=["change", "state", "document"], name="shadow_by_state"),
            models.Index(fields=["document"], condition=Q(state="queued"), name="shadow_queue"),
        ]

    def __str__(self) -> str:
        return str(self.document_id)
