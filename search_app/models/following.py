"""What users follow: interests, and the documents that landed near them."""

import secrets
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, Document, Viewer


class InterestQuerySet(models.QuerySet["Interest"]):
    def of(self, user: Viewer) -> Self:
        """One's own, but for those in a collection that has been deleted."""
        if not user.is_authenticated:
            return self.none()
        there = Q(collection=None) | Q(collection__owner__isnull=False)
        return self.filter(there, owner_id=user.pk)


class Interest(models.Model):
    """A search, a document or a text; what comes in near it is told to its owner, to no one else.

    `collection` is where it looks; None: wherever the owner may. `threshold` is the least
    nearness (the cosine; of a search with a bonus for its words); None: what the calibrated
    cutoff of the place is. Documents that are ready since `seen` have not been compared yet.
    """

    class Kind(models.TextChoices):
        SEARCH = "search", _("search")
        DOCUMENT = "document", _("document")
        TEXT = "text", _("text")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="interests",
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    text = models.TextField(_("text"), blank=True)
    document = models.ForeignKey(
        Document,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("document"),
    )
    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("collection"),
    )
    filters = models.JSONField(_("filters"), default=list, blank=True)
    threshold = models.FloatField(
        _("least nearness"),
        null=True,
        blank=True,
        validators=[MinValueValidator(-1.0), MaxValueValidator(2.0)],
    )
    email = models.BooleanField(_("by e-mail"), default=False)
    # None: there is no feed. Whoever knows it reads the feed, so a new one can be made.
    feed_token = models.CharField(
        _("key of the feed"), max_length=64, null=True, blank=True, unique=True
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    seen = models.DateTimeField(_("compared until"), auto_now_add=True)

    objects = InterestQuerySet.as_manager()

    class Meta:
        verbose_name = _("interest")
        verbose_name_plural = _("interests")
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("interest", args=[self.pk])

    @staticmethod
    def new_token() -> str:
        return secrets.token_urlsafe(32)


class InterestMatchQuerySet(models.QuerySet["InterestMatch"]):
    def readable(self) -> Self:
        """Those whose document the interest's owner may see now, whatever was so before."""
        public = Q(document__collection__visibility=Collection.Visibility.PUBLIC)
        own = Q(document__collection__owner=models.F("interest__owner"))
        return self.filter(public | own, document__collection__owner__isnull=False)


class InterestMatch(models.Model):
    """A document that landed near an interest; each is told once.

    `ordinal` is that of its nearest passage. `mailed`: when it went out by e-mail.
    """

    interest = models.ForeignKey(
        Interest, on_delete=models.CASCADE, related_name="matches", verbose_name=_("interest")
    )
    document = models.ForeignKey(
        Document, on_delete=models.CASCADE, related_name="+", verbose_name=_("document")
    )
    score = models.FloatField(_("nearness"))
    ordinal = models.PositiveIntegerField(_("passage"), default=0)
    found = models.DateTimeField(_("found"), auto_now_add=True)
    mailed = models.DateTimeField(_("mailed"), null=True, blank=True)

    objects = InterestMatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("match of an interest")
        verbose_name_plural = _("matches of interests")
        ordering = ["-found", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["interest", "document"], name="interest_match_once")
        ]
        indexes = [
            models.Index(fields=["interest", "-found"], name="interest_match_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.interest_id} → {self.document_id}"

    def get_absolute_url(self) -> str:
        """The document, at the passage that is near."""
        address = reverse("document", args=[self.document_id])
        return f"{address}?p={self.ordinal}#p{self.ordinal}"
