"""Changes of the embedding model, to look at; they are acted on on the collection's page."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from collections_app.large_tables import ReadOnlyAdmin, row_link, rows_link
from collections_app.models import ModelChange, Shadow, long_columns
from collections_app.reasons import in_words


@admin.register(ModelChange)
class ModelChangeAdmin(ReadOnlyAdmin):
    list_display = (
        "collection",
        "old",
        "new",
        "state",
        "left_out",
        "documents",
        "started",
        "switched_at",
        "finished",
    )
    list_filter = ("state",)
    list_select_related = ("collection", "old", "new")
    search_fields = ("collection__name__istartswith",)
    search_help_text = _("Beginning of the collection's name.")

    @admin.display(description=_("set aside"))
    def documents(self, obj: ModelChange) -> SafeString:
        return rows_link(Shadow, _("show"), change=obj.pk, state=Shadow.State.SET_ASIDE)


@admin.register(Shadow)
class ShadowAdmin(ReadOnlyAdmin):
    list_display = ("of_document", "state", "attempts", "tokens", "reason", "done_at")
    list_filter = ("state",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shadow]:
        rows = Shadow.objects.select_related("document")
        return rows.defer(*long_columns("document"))

    @admin.display(description=_("document"))
    def of_document(self, obj: Shadow) -> SafeString | str:
        return row_link(obj.document)

    @admin.display(description=_("error"))
    def reason(self, obj: Shadow) -> str:
        return in_words(obj.error)
