"""Looking after what search reads: asked for, done by a worker, and what it found."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, EmbeddingModel
from search_app.models.wishes import Wish

LEAST_RECALL = 0.95


class Upkeep(Wish):
    """A job on one collection. `problems` counts what was wrong, by kind; `recall` is that of
    the index against an exact search, over `queries` of the collection's own passages."""

    class Job(models.TextChoices):
        VERIFY = "verify", _("verify")
        REPAIR = "repair", _("repair")
        REBUILD = "rebuild", _("rebuild the index")
        RECALL = "recall", _("measure the recall")

    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="upkeep", verbose_name=_("collection")
    )
    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        verbose_name=_("embedding model"),
    )
    job = models.CharField(_("job"), max_length=10, choices=Job)
    problems = models.JSONField(_("problems"), default=dict, blank=True)
    repaired = models.PositiveIntegerField(_("repaired"), default=0)
    recall = models.FloatField(_("recall@10"), null=True, blank=True)
    queries = models.PositiveIntegerField(_("queries"), default=0)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("upkeep")
        verbose_name_plural = _("upkeep")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["collection", "job", "-finished"], name="upkeep_latest")]

    def __str__(self) -> str:
        return f"{self.collection_id}: {self.job}"

    @property
    def is_low(self) -> bool:
        return self.recall is not None and self.recall < LEAST_RECALL
