"""Axes between two poles, and sets of labels, each of a collection."""

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, Document


class Axis(models.Model):
    """Two poles, each told by examples: texts, or documents of the collection as `#12`."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="axes")
    name = models.CharField(_("name"), max_length=120)
    low_name = models.CharField(_("one pole"), max_length=60)
    high_name = models.CharField(_("other pole"), max_length=60)
    low_examples = models.JSONField(_("examples of the one"), default=list)
    high_examples = models.JSONField(_("examples of the other"), default=list)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("axis")
        verbose_name_plural = _("axes")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("axis", args=[self.pk])


class LabelSet(models.Model):
    """Labels by examples: written ones, documents' folders, or a field of their metadata."""

    class Source(models.TextChoices):
        EXAMPLES = "examples", _("examples")
        DESCRIPTIONS = "descriptions", _("descriptions of the labels")
        FOLDER = "folder", _("the folder in the documents' ids")
        FIELD = "field", _("a field of their metadata")

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="label_sets")
    name = models.CharField(_("name"), max_length=120)
    source = models.CharField(
        _("labels from"), max_length=12, choices=Source, default=Source.EXAMPLES
    )
    field = models.CharField(_("field"), max_length=300, blank=True)
    examples = models.JSONField(_("examples"), default=dict, blank=True)  # {label: [text or #12]}
    margin = models.FloatField(
        _("margin"),
        default=0.02,
        help_text=_("By how much the nearest label must be nearer than the second, in cosine."),
    )
    on_arrival = models.BooleanField(
        _("label new documents when they arrive"), default=True, blank=True
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("label set")
        verbose_name_plural = _("label sets")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("label_set", args=[self.pk])


class AssignedLabel(models.Model):
    """The label a document was given by the nearest centroid. Examples have none.

    An empty label: even the `nearest` was not near enough. `revision` is that of the vector it
    was given by.
    """

    label_set = models.ForeignKey(LabelSet, on_delete=models.CASCADE, related_name="assigned")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="labels")
    label = models.CharField(_("label"), max_length=200, blank=True)
    nearest = models.CharField(_("nearest label"), max_length=200, blank=True)
    cosine = models.FloatField(_("cosine"))
    margin = models.FloatField(_("margin"))
    revision = models.PositiveIntegerField(_("revision"), default=0)

    class Meta:
        verbose_name = _("assigned label")
        verbose_name_plural = _("assigned labels")
        constraints = [
            models.UniqueConstraint(fields=["label_set", "document"], name="one_label_per_set")
        ]

    def __str__(self) -> str:
        return self.label
