"""Sources of documents and their runs."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from collections_app.models.content import Blob, Collection, Viewer


class SourceQuerySet(models.QuerySet["Source"]):
    def editable_by(self, user: Viewer) -> Self:
        """Sources hold addresses and secrets: only who may change the collection sees them."""
        return self.filter(collection__in=Collection.objects.editable_by(user))


class Source(models.Model):
    """Where documents of a collection come from, again on each run.

    `options` is what its kind needs (folder and glob, address, query, columns, …);
    `secrets` the part of it that is encrypted at rest.
    """

    class Kind(models.TextChoices):
        FILE = "file", _("uploaded archive or rows")
        FOLDER = "folder", _("folder on the server")
        URL = "url", _("web page")
        SITEMAP = "sitemap", _("sitemap")
        FEED = "feed", _("RSS or Atom feed")
        GIT = "git", _("Git repository")
        JSON_API = "json_api", _("JSON API")
        SQL = "sql", _("SQL query")
        SQLITE = "sqlite", _("SQLite file")

    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="sources",
        verbose_name=_("collection"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=200)
    options = models.JSONField(_("options"), default=dict, blank=True)
    secrets = models.TextField(_("secrets, encrypted"), blank=True)
    blob = models.ForeignKey(
        Blob, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("stored file")
    )
    every_minutes = models.PositiveIntegerField(_("every so many minutes"), null=True, blank=True)
    next_run = models.DateTimeField(_("next run"), null=True, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = SourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "name"], name="source_name_per_collection"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_run"], condition=Q(next_run__isnull=False), name="source_due"
            )
        ]

    def __str__(self) -> str:
        return self.name


class SourceItem(models.Model):
    """What a source gave under one id: how to ask whether it changed, and when last seen."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="items")
    external_id = models.CharField(_("id"), max_length=500)
    # {"etag", "last_modified"}, {"size", "mtime"}, {"sha"}: as the kind of source has it.
    validators = models.JSONField(_("validators"), default=dict, blank=True)
    seen_run = models.PositiveBigIntegerField(_("last seen in run"), null=True)
    # The id of the archive, mailbox or message that it was taken out of; a message with files
    # attached, which is a document too, has its own.
    within = models.CharField(_("taken out of"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("item of a source")
        verbose_name_plural = _("items of sources")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="item_per_source")
        ]
        indexes = [
            models.Index(fields=["source", "within"], condition=~Q(within=""), name="item_within")
        ]

    def __str__(self) -> str:
        return self.external_id


class RunQuerySet(models.QuerySet["Run"]):
    def editable_by(self, user: Viewer) -> Self:
        return self.filter(source__in=Source.objects.editable_by(user))


class Run(models.Model):
    """One pass over a source, claimed by a worker as documents are (lease and token)."""

    COUNTS = ("added", "changed", "unchanged", "removed", "skipped", "failed")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        ASKING = "asking", _("waits for your word")  # it would remove more than half
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    source = models.ForeignKey(
        Source, on_delete=models.CASCADE, related_name="runs", verbose_name=_("source")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    cursor = models.JSONField(_("cursor"), default=dict, blank=True)  # where to go on
    total = models.PositiveIntegerField(_("items in all"), null=True)
    added = models.PositiveIntegerField(_("added"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    removed = models.PositiveIntegerField(_("removed"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    error = models.TextField(_("error"), blank=True)

    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    claim_token = models.UUIDField(_("claim token"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)

    created = models.DateTimeField(_("asked for"), auto_now_add=True)
    started = models.DateTimeField(_("started"), null=True, blank=True)
    progressed = models.DateTimeField(_("last progress"), null=True, blank=True)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(state__in=["queued", "running", "paused", "asking"]),
                name="one_open_run_per_source",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_id} #{self.pk}"


class RunProblem(models.Model):
    """An item that a run left out, and why."""

    class Outcome(models.TextChoices):
        SKIPPED = "skipped", _("skipped")
        FAILED = "failed", _("failed")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="problems")
    external_id = models.CharField(_("id"), max_length=500)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    reason = models.TextField(_("reason"))

    class Meta:
        verbose_name = _("problem of a run")
        verbose_name_plural = _("problems of runs")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.reason}"
