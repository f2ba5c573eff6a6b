"""How good the ranking is: runs over judged queries, and the weights that ranking uses."""

from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, EmbeddingModel, Viewer
from search_app.analysis.weights import Weights, WeightsError
from search_app.models.wishes import Wish


def check_weights(values: Any) -> None:
    """For the admin and forms: raises ValidationError for what are no weights."""
    if not isinstance(values, dict):
        raise ValidationError(_('Weights are a JSON object, such as {"meaning": 0.2}.'))
    try:
        Weights.from_json(values)
    except WeightsError as error:
        raise ValidationError(str(error)) from error


class RankingWeights(models.Model):
    """The weights of a collection under a model, or, without a collection, of the model.

    `former` is what they were before, empty where there were none: to be gone back to.
    """

    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="ranking_weights",
        verbose_name=_("collection"),
        help_text=_("Empty for all collections of the model that have none of their own."),
    )
    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="ranking_weights",
        verbose_name=_("embedding model"),
    )
    weights = models.JSONField(_("weights"), validators=[check_weights])
    former = models.JSONField(_("weights before"), default=dict, blank=True, editable=False)
    updated = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("ranking weights")
        verbose_name_plural = _("ranking weights")
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "model"],
                nulls_distinct=False,
                name="weights_once_per_collection_and_model",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_id}: {self.collection_id or '*'}"


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    def visible_to(self, user: Viewer) -> Self:
        """Those of collections one may edit; with others' own queries in them: none."""
        edited = Collection.objects.editable_by(user)
        mine = Q(owner_id=user.pk) if user.is_authenticated else Q(pk=None)
        return self.filter(mine | Q(shared=True), collection__in=edited)


class Evaluation(Wish):
    """One run over a collection's judged queries: what was asked for, and its figures.

    `weights` and `other` are weights, as changes to those in force; `other` is the second
    of a comparison. `figures` and `queries` are as `search_app.evaluation.report` writes
    them; queries are named by number, so that their texts go with them.
    """

    class Kind(models.TextChoices):
        MANUAL = "manual", _("by hand")
        NIGHTLY = "nightly", _("nightly")
        COMPARISON = "comparison", _("comparison")
        TUNING = "tuning", _("tuning")

    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="evaluations",
        verbose_name=_("collection"),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="evaluations",
        verbose_name=_("run by"),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.MANUAL)
    shared = models.BooleanField(
        _("over shared queries alone"),
        default=False,
        help_text=_("Otherwise also over those that are its owner's own; then it is the owner's."),
    )
    weights = models.JSONField(_("weights"), default=dict, blank=True)
    other = models.JSONField(_("weights compared with"), null=True, blank=True)
    seed = models.PositiveIntegerField(_("seed"), default=0)
    seconds = models.PositiveIntegerField(_("most seconds"), default=300)
    done = models.PositiveIntegerField(_("searches done"), default=0)
    total = models.PositiveIntegerField(_("searches in all"), default=0)
    figures = models.JSONField(_("figures"), default=dict, blank=True)
    queries = models.JSONField(_("figures of each query"), default=list, blank=True)
    ndcg = models.FloatField("nDCG@10", null=True, blank=True)
    fallen = models.BooleanField(_("fallen"), default=False)
    accepted = models.BooleanField(_("fall accepted"), default=False)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["collection", "-id"], name="evaluation_by_collection")]

    def __str__(self) -> str:
        return f"{self.collection_id}: {self.get_kind_display()}"
