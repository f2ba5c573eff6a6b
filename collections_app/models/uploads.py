"""Files on their way in over a connection that may break."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from collections_app.models.content import Collection, Document, Viewer
from collections_app.models.sources import Run


class UploadQuerySet(models.QuerySet["Upload"]):
    def owned_by(self, user: Viewer) -> Self:
        """One's own, into collections that one may still change."""
        collections = Collection.objects.editable_by(user)
        return self.filter(owner_id=user.pk, collection__in=collections)

    def coming(self) -> Self:
        """Those whose bytes are still awaited, or that wait to be imported."""
        return self.filter(state__in=[Upload.State.RECEIVING, Upload.State.RECEIVED])


class Upload(models.Model):
    """A file that comes in pieces: `offset` of its `size` bytes are on disk.

    Whoever writes a piece holds the row (`held_by`) until `held_until`. A file to be added is
    in the collection once it is whole; one of rows waits, received, for the import's plan.
    """

    class Use(models.TextChoices):
        ADD = "add", _("to be added")
        ROWS = "rows", _("rows to be imported")

    class State(models.TextChoices):
        RECEIVING = "receiving", _("coming in")
        RECEIVED = "received", _("received")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="uploads",
        verbose_name=_("owner"),
    )
    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="uploads",
        verbose_name=_("collection"),
    )
    use = models.CharField(_("use"), max_length=10, choices=Use, default=Use.ADD)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVING)
    name = models.CharField(_("name"), max_length=500)
    before = models.CharField(_("put before each id"), max_length=100, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"))
    offset = models.PositiveBigIntegerField(_("bytes received"), default=0)
    sha256 = models.CharField(_("SHA-256 as told by the sender"), max_length=64, blank=True)
    error = models.TextField(_("error"), blank=True)
    note = models.TextField(_("note"), blank=True)
    document = models.ForeignKey(
        Document,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("document"),
    )
    run = models.ForeignKey(
        Run,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("run"),
    )
    held_by = models.UUIDField(_("held by"), null=True, blank=True)
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    expires = models.DateTimeField(_("expires"), db_index=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name
