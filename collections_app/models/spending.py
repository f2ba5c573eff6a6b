"""What embedding has cost."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from collections_app.models.content import Collection
from collections_app.models.embedding import EmbeddingModel


class Spending(models.Model):
    """Tokens that a model was given for a collection on one day, and their price then.

    A collection that is gone leaves what it has cost.
    """

    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="spending",
        verbose_name=_("embedding model"),
    )
    collection = models.ForeignKey(
        Collection,
        on_delete=models.SET_NULL,
        null=True,
        related_name="spending",
        verbose_name=_("collection"),
    )
    day = models.DateField(_("day"))
    tokens = models.PositiveBigIntegerField(_("tokens"), default=0)
    cost = models.DecimalField(_("cost"), max_digits=18, decimal_places=8, default=0)

    class Meta:
        verbose_name = _("spending")
        verbose_name_plural = _("spending")
        ordering = ["-day", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "collection", "day"], name="one_spending_per_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.tokens}"
