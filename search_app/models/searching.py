"""What filters and suggestions read: numbers and dates of metadata, and one's past searches."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, Document


class DocumentNumber(models.Model):
    """A number or date in a document's metadata, so that ranges and orders find an index.

    A trigger of the documents' table writes these rows (migration 0003), whatever changes the
    metadata. A date is the number 20240531093000.
    """

    class Kind(models.TextChoices):
        NUMBER = "n", _("number")
        DATE = "d", _("date")

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(_("name"), max_length=300)
    kind = models.CharField(_("kind"), max_length=1, choices=Kind)
    value = models.FloatField(_("value"))

    class Meta:
        verbose_name = _("number in metadata")
        verbose_name_plural = _("numbers in metadata")
        indexes = [
            models.Index(
                fields=["collection", "name", "kind", "value", "document"],
                name="documentnumber_by_value",
            )
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.name}"


class PastSearch(models.Model):
    """What a user searched for, kept only where `FeedbackChoice.history` is on."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="past_searches"
    )
    text = models.CharField(_("text"), max_length=300)
    times = models.PositiveIntegerField(_("times"), default=1)
    last = models.DateTimeField(_("last"), auto_now=True)

    class Meta:
        verbose_name = _("past search")
        verbose_name_plural = _("past searches")
        ordering = ["-last"]
        constraints = [models.UniqueConstraint(fields=["user", "text"], name="past_search_once")]

    def __str__(self) -> str:
        return self.text
