"""Embedding models, what a probe told of each, and what they have cost."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.texts import UNSTORABLE


class EmbeddingModelQuerySet(models.QuerySet["EmbeddingModel"]):
    def usable(self) -> Self:
        """Those that a collection may choose: they passed their probe."""
        rows = self.exclude(backend=EmbeddingModel.Backend.FIXED)
        return rows.filter(state=EmbeddingModel.State.USABLE)

    def taking_pictures(self) -> Self:
        return self.filter(modalities__contains=[EmbeddingModel.Modality.PICTURE.value])

    def called(self, name: str) -> Self:
        """The model of this name or alias, if there is one."""
        if UNSTORABLE.search(name):
            return self.none()
        return self.filter(Q(name=name) | Q(aliases__name=name)).distinct()

    def with_probe(self) -> Self:
        """Each with `probed`: when it last passed a probe, None where it never has."""
        passed = Probe.objects.filter(model=OuterRef("pk"), state=Probe.State.PASSED)
        return self.annotate(probed=Subquery(passed.order_by("-pk").values("finished")[:1]))


def text_only() -> list[str]:
    return [EmbeddingModel.Modality.TEXT.value]


class EmbeddingModel(models.Model):
    """A model that turns texts, and some pictures too, into vectors of `dimension` numbers.

    `dimension` is that of the vectors that are stored: where `truncate_dimension` is set they
    are the first so many numbers of what the model gives, at unit length again.
    """

    class Backend(models.TextChoices):
        SENTENCE_TRANSFORMERS = "sentence-transformers", "sentence-transformers"
        OPENAI_COMPATIBLE = "openai-compatible", _("OpenAI-compatible server")
        LLM_PLUGIN = "llm-plugin", _("plugin of llm")
        FIXED = "fixed", _("fixed set of vectors")
        FAKE = "fake", _("hashed words (tests and dry runs)")

    class Precision(models.TextChoices):
        AUTO = "auto", _("what the processor is fast in, without loss that counts")
        FLOAT32 = "float32", _("exact")
        INT8 = "int8", _("eight bits: faster, some neighbours are lost")

    class Modality(models.TextChoices):
        TEXT = "text", _("text")
        PICTURE = "picture", _("pictures")

    class State(models.TextChoices):
        WAITING = "waiting", _("not probed yet")
        USABLE = "usable", _("usable")
        FAILED = "failed", _("failed its probe")

    name = models.CharField(_("name"), max_length=200, unique=True)
    backend = models.CharField(_("backend"), max_length=40, choices=Backend)
    ref = models.CharField(
        _("model id or folder"),
        max_length=500,
        help_text=_("A folder, a hub name, or package:NAME for a model shipped as a wheel."),
    )
    base_url = models.CharField(
        _("address of the server"),
        max_length=500,
        blank=True,
        help_text=_("Such as http://127.0.0.1:11434/v1; of OpenAI-compatible servers alone."),
    )
    secrets = models.TextField(_("secrets, encrypted"), blank=True, editable=False)
    dimension = models.PositiveIntegerField(
        _("dimension"), default=0, help_text=_("0 until a probe has found it out.")
    )
    truncate_dimension = models.PositiveIntegerField(
        _("cut to so many numbers"),
        null=True,
        blank=True,
        help_text=_("For models trained for it (Matryoshka); empty: all that the model gives."),
    )
    modalities = ArrayField(
        models.CharField(max_length=10, choices=Modality),
        verbose_name=_("modalities"),
        default=text_only,
    )
    token_limit = models.PositiveIntegerField(_("token limit"), default=256)
    tokenizer = models.CharField(
        _("tokenizer"),
        max_length=500,
        blank=True,
        help_text=_(
            "A folder or package:NAME with the tokenizer.json of a model that runs elsewhere; "
            "without one its tokens are estimated, never too low."
        ),
    )
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
    # Rows made by code that knows its model are usable; `services.models` has others probed.
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.USABLE)
    # Its server did not answer a worker: documents wait, untouched, until then.
    away_until = models.DateTimeField(_("away until"), null=True, blank=True, editable=False)
    away_reason = models.TextField(_("why it is away"), blank=True, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = EmbeddingModelQuerySet.as_manager()

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

    def get_absolute_url(self) -> str:
        """For staff alone."""
        return reverse("model", args=[self.pk])

    @property
    def usable(self) -> bool:
        """Whether `usable()` would find it."""
        return self.state == self.State.USABLE and not self.fixed

    @property
    def fixed(self) -> bool:
        """Whether it has the vectors that came with it and can make no others."""
        return self.backend == self.Backend.FIXED

    @property
    def is_away(self) -> bool:
        """Whether its server did not answer a moment ago."""
        return self.away_until is not None and self.away_until > timezone.now()

    @property
    def takes_pictures(self) -> bool:
        """Whether its space has pictures in it beside texts."""
        return self.Modality.PICTURE in self.modalities

    @property
    def remote(self) -> bool:
        """Whether it runs elsewhere: it may be slow or away, and cost money."""
        return self.backend == self.Backend.OPENAI_COMPATIBLE


class Probe(models.Model):
    """One trial of a model by a worker, claimed as documents are (lease and token).

    `found` is what it told, as `encoders.probing.Report` has it, but for `dimension`, which is
    that of the vectors that are stored; `full_dimension` is what the model gives.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        PASSED = "passed", _("passed")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="probes",
        verbose_name=_("embedding model"),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    step = models.CharField(_("step"), max_length=20, blank=True)
    found = models.JSONField(_("found"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claim_token = models.UUIDField(_("claim token"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    created = models.DateTimeField(_("asked for"), auto_now_add=True)
    started = models.DateTimeField(_("started"), null=True, blank=True)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("probe")
        verbose_name_plural = _("probes")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["model"],
                condition=Q(state__in=["queued", "running"]),
                name="one_open_probe_per_model",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_id} #{self.pk}"
