"""Collections, their documents, and the files these came in."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from collections_app import services
from collections_app.large_tables import (
    LargeTableAdmin,
    ReadOnlyAdmin,
    row_link,
    rows_link,
)
from collections_app.model_choice import UsableModelField
from collections_app.models import (
    Blob,
    Collection,
    Document,
    Passage,
    long_columns,
)
from collections_app.reasons import in_words

EXCERPT_CHARS = 2000


@admin.register(Collection)
class CollectionAdmin(LargeTableAdmin):
    list_display = (
        "name",
        "owner",
        "visibility",
        "language",
        "embedding_model",
        "documents",
        "set_aside",
        "updated",
    )
    list_filter = ("visibility", "language", "embedding_model")
    list_select_related = ("owner", "embedding_model")
    search_fields = ("name__istartswith", "owner__username__istartswith")
    search_help_text = _("Beginning of the name or of the owner's name.")
    autocomplete_fields = ("owner",)
    readonly_fields = ("created", "updated")
    actions = ("reembed", "retry", "check_vectors")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        return Collection.objects.with_size()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The language is chosen once; the model is changed on the collection's own page, where
        the documents are embedded for the next one first."""
        chosen_once = ("language", "embedding_model") if obj else ()
        return (*self.readonly_fields, *chosen_once)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "embedding_model":
            services.default_model()
            kwargs |= {"form_class": UsableModelField}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=_("documents"))
    def documents(self, obj: Any) -> SafeString:
        return rows_link(Document, obj.size, collection=obj.pk)

    @admin.display(description=_("set aside"))
    def set_aside(self, obj: Collection) -> SafeString:
        return rows_link(Document, _("show"), collection=obj.pk, state=Document.State.SET_ASIDE)

    @admin.action(description=_("Embed all documents again"), permissions=["change"])
    def reembed(self, request: HttpRequest, queryset: QuerySet[Collection]) -> None:
        tell_queued(request, services.reembed(_documents(queryset)))

    @admin.action(description=_("Retry documents that were set aside"), permissions=["change"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Collection]) -> None:
        aside = _documents(queryset).filter(state=Document.State.SET_ASIDE)
        tell_queued(request, services.retry(aside))

    @admin.action(
        description=_("Check that all documents have current vectors"), permissions=["change"]
    )
    def check_vectors(self, request: HttpRequest, queryset: QuerySet[Collection]) -> None:
        tell_queued(request, services.reembed_outdated(queryset))

    def delete_model(self, request: HttpRequest, obj: Collection) -> None:
        services.delete_collection(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Collection]) -> None:
        for collection in queryset:
            services.delete_collection(collection)


@admin.register(Document)
class DocumentAdmin(LargeTableAdmin):
    list_display = (
        "__str__",
        "external_id",
        "of_collection",
        "state",
        "attempts",
        "token_count",
        "reason",
        "updated",
    )
    list_filter = ("state", "updated")
    list_select_related = ("collection",)
    search_fields = ("external_id__startswith", "title__istartswith")
    search_help_text = _("Beginning of the id or of the title.")
    actions = ("reembed", "retry")
    fields = (
        "of_collection",
        "external_id",
        "title",
        "metadata",
        "media_type",
        "of_blob",
        "excerpt",
        "passages",
        "token_count",
        "content_hash",
        "revision",
        "state",
        "attempts",
        "not_before",
        "lease_until",
        "error_stage",
        "reason",
        "created",
        "updated",
        "ready_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Changed on its own page and by the API, where the text is checked and queued."""
        return False

    def has_queue_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        return Document.objects.defer(*long_columns())

    @admin.display(description=_("collection"))
    def of_collection(self, obj: Document) -> SafeString | str:
        return row_link(obj.collection)

    @admin.display(description=_("stored file"))
    def of_blob(self, obj: Document) -> SafeString | str:
        return row_link(obj.blob)

    @admin.display(description=_("text"))
    def excerpt(self, obj: Document) -> str:
        text = obj.text or obj.body or ""
        return text if len(text) <= EXCERPT_CHARS else text[:EXCERPT_CHARS] + "…"

    @admin.display(description=_("error"))
    def reason(self, obj: Document) -> str:
        return in_words(obj.error)

    @admin.display(description=_("passages"))
    def passages(self, obj: Document) -> SafeString:
        return rows_link(Passage, obj.passages.count(), document=obj.pk)

    @admin.action(description=_("Embed again"), permissions=["queue"])
    def reembed(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        tell_queued(request, services.reembed(queryset))

    @admin.action(description=_("Retry those that were set aside"), permissions=["queue"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        aside = queryset.filter(state=Document.State.SET_ASIDE)
        tell_queued(request, services.retry(aside))

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        services.delete_documents(Document.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        services.delete_documents(queryset)


@admin.register(Blob)
class BlobAdmin(ReadOnlyAdmin):
    list_display = ("sha256", "size", "created", "documents")
    search_fields = ("sha256__startswith",)
    search_help_text = _("Beginning of the SHA-256.")
    fields = ("sha256", "size", "created", "documents")

    @admin.display(description=_("documents"))
    def documents(self, obj: Blob) -> SafeString:
        return rows_link(Document, _("show"), blob=obj.pk)


def tell_queued(request: HttpRequest, count: int) -> None:
    message = ngettext("%d document is queued.", "%d documents are queued.", count) % count
    messages.success(request, message)


def _documents(collections: QuerySet[Collection]) -> QuerySet[Document]:
    return Document.objects.filter(collection__in=collections.values("pk"))
