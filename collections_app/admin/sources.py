"""Sources, their runs, uploads under way, and quotas. Sources are changed on their own pages."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from collections_app import partial_files
from collections_app.large_tables import (
    LargeTableAdmin,
    ReadOnlyAdmin,
    UnwrittenAdmin,
    row_link,
    rows_link,
)
from collections_app.models import Quota, Run, RunProblem, Source, Upload
from collections_app.reasons import in_words


class OfCollection(LargeTableAdmin):
    """Rows that lead to their collection without a list of all collections."""

    @admin.display(description=_("collection"))
    def of_collection(self, obj: Any) -> SafeString | str:
        return row_link(obj.collection)


@admin.register(Source)
class SourceAdmin(OfCollection, ReadOnlyAdmin):
    list_display = ("name", "kind", "of_collection", "every_minutes", "next_run", "all_runs")
    list_filter = ("kind",)
    list_select_related = ("collection",)
    search_fields = ("name__istartswith",)
    search_help_text = _("Beginning of the name.")
    fields = (
        "name",
        "kind",
        "of_collection",
        "options",
        "of_blob",
        "every_minutes",
        "next_run",
        "created",
        "all_runs",
    )

    @admin.display(description=_("stored file"))
    def of_blob(self, obj: Source) -> SafeString | str:
        return row_link(obj.blob)

    @admin.display(description=_("runs"))
    def all_runs(self, obj: Source) -> SafeString:
        return rows_link(Run, _("show"), source=obj.pk)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = (
        "pk",
        "of_source",
        "state",
        *Run.COUNTS,
        "reason",
        "created",
    )
    list_filter = ("state",)
    list_select_related = ("source",)
    fields = (
        "of_source",
        "state",
        "total",
        *Run.COUNTS,
        "reason",
        "all_problems",
        "attempts",
        "not_before",
        "lease_until",
        "created",
        "started",
        "progressed",
        "finished",
    )

    @admin.display(description=_("source"))
    def of_source(self, obj: Run) -> SafeString | str:
        return row_link(obj.source)

    @admin.display(description=_("error"))
    def reason(self, obj: Run) -> str:
        return in_words(obj.error)

    @admin.display(description=_("problems"))
    def all_problems(self, obj: Run) -> SafeString:
        return rows_link(RunProblem, _("show"), run=obj.pk)


@admin.register(RunProblem)
class RunProblemAdmin(ReadOnlyAdmin):
    list_display = ("external_id", "outcome", "shown_reason", "of_run")
    list_select_related = ("run",)
    search_fields = ("external_id__startswith",)
    search_help_text = _("Beginning of the id.")
    fields = ("external_id", "outcome", "shown_reason", "of_run")

    @admin.display(description=_("reason"))
    def shown_reason(self, obj: RunProblem) -> str:
        return in_words(obj.reason)

    @admin.display(description=_("run"))
    def of_run(self, obj: RunProblem) -> SafeString | str:
        return row_link(obj.run)


@admin.register(Upload)
class UploadAdmin(OfCollection, UnwrittenAdmin):
    """What is under way. Deleting one gives it up."""

    list_display = ("name", "owner", "of_collection", "state", "offset", "size", "expires")
    list_filter = ("state", "use")
    list_select_related = ("owner", "collection")
    search_fields = ("name__startswith",)
    search_help_text = _("Beginning of the name.")
    ordering = ("-created",)
    fields = (
        "name",
        "owner",
        "of_collection",
        "use",
        "state",
        "offset",
        "size",
        "sha256",
        "note",
        "error",
        "created",
        "expires",
    )

    def delete_model(self, request: HttpRequest, obj: Upload) -> None:
        partial_files.remove(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Upload]) -> None:
        for upload in queryset:
            partial_files.remove(upload)
        super().delete_queryset(request, queryset)


@admin.register(Quota)
class QuotaAdmin(LargeTableAdmin):
    list_display = ("__str__", "user", "collection", "max_bytes", "max_documents")
    list_select_related = ("user", "collection")
    autocomplete_fields = ("user", "collection")
    search_fields = ("user__username__istartswith", "collection__name__istartswith")
    search_help_text = _("Beginning of the user's or the collection's name.")
