"""Evaluations, weights and shared judged queries in the admin. One's own are not shown here."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from collections_app.large_tables import LargeTableAdmin, ReadOnlyAdmin, UnwrittenAdmin
from collections_app.reasons import in_words
from search_app.models import Evaluation, JudgedQuery, RankingWeights


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = (
        "collection",
        "kind",
        "state",
        "ndcg",
        "fallen",
        "attempts",
        "requested",
        "finished",
        "reason",
    )
    list_filter = ("kind", "state", "fallen")
    list_select_related = ("collection",)
    search_fields = ("collection__name__istartswith",)
    search_help_text = _("Beginning of the collection's name.")
    fields = ("collection", "kind", "state", "weights", "other", "figures", "reason")

    @admin.display(description=_("error"))
    def reason(self, obj: Evaluation) -> str:
        return in_words(obj.error)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Evaluation]:
        return super().get_queryset(request).defer("queries")


@admin.register(RankingWeights)
class RankingWeightsAdmin(LargeTableAdmin):
    """Those without a collection hold for all of the model that have none of their own."""

    list_display = ("model", "collection", "weights", "updated")
    list_select_related = ("model", "collection")
    autocomplete_fields = ("collection",)
    search_fields = ("collection__name__istartswith",)
    search_help_text = _("Beginning of the collection's name.")


@admin.register(JudgedQuery)
class JudgedQueryAdmin(UnwrittenAdmin):
    list_display = ("text", "collection", "source", "updated")
    list_filter = ("source",)
    list_select_related = ("collection",)
    search_fields = ("collection__name__istartswith",)
    search_help_text = _("Beginning of the collection's name.")
    fields = ("collection", "name", "text", "source", "created", "updated")

    def get_queryset(self, request: HttpRequest) -> QuerySet[JudgedQuery]:
        return super().get_queryset(request).filter(shared=True)
