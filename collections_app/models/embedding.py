"""Embedding models."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class EmbeddingModel(models.Model):
    """A model that turns text into vectors of `dimension` numbers."""

    class Backend(models.TextChoices):
        SENTENCE_TRANSFORMERS = "sentence-transformers", "sentence-transformers"
        FAKE = "fake", _("hashed words (tests and dry runs)")

    class Precision(models.TextChoices):
        AUTO = "auto", _("what the processor is fast in, without loss that counts")
        FLOAT32 = "float32", _("exact")
        INT8 = "int8", _("eight bits: faster, some neighbours are lost")

    name = models.CharField(_("name"), max_length=200, unique=True)
    backend = models.CharField(_("backend"), max_length=40, choices=Backend)
    ref = models.CharField(
        _("model id or folder"),
        max_length=500,
        help_text=_("A folder, a hub name, or package:NAME for a model shipped as a wheel."),
    )
    dimension = models.PositiveIntegerField(_("dimension"))
    token_limit = models.PositiveIntegerField(_("token limit"), default=256)
    query_prefix = models.CharField(_("query prefix"), max_length=200, blank=True)
    passage_prefix = models.CharField(_("passage prefix"), max_length=200, blank=True)
    normalised = models.BooleanField(_("normalised"), default=True)
    precision = models.CharField(
        _("precision"), max_length=10, choices=Precision, default=Precision.AUTO
    )
    price_per_million_tokens = models.DecimalField(
        _("price per million tokens"), max_digits=12, decimal_places=6, default=0
    )
    is_default = models.BooleanField(_("default"), default=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("embedding model")
        verbose_name_plural = _("embedding models")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_model"
            )
        ]

    def __str__(self) -> str:
        return self.name
