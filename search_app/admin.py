"""What is derived from vectors, to look at; clusterings can be built again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from collections_app.large_tables import ReadOnlyAdmin, first_numbers, row_link, rows_link
from collections_app.models import long_columns
from collections_app.reasons import in_words
from collections_app.services import Rejected
from search_app import clusters, quality_admin, sql_admin  # noqa: F401 (register themselves)
from search_app.models import (
    Cluster,
    Clustering,
    ClusterMember,
    DocumentVector,
    Interest,
    RelatedDocument,
    Upkeep,
)


@admin.register(Clustering)
class ClusteringAdmin(ReadOnlyAdmin):
    list_display = (
        "collection",
        "parent",
        "state",
        "wanted",
        "silhouette",
        "attempts",
        "requested",
        "built",
        "found",
        "reason",
    )
    list_filter = ("state",)
    list_select_related = ("collection", "parent")
    search_fields = ("collection__name__istartswith",)
    search_help_text = _("Beginning of the collection's name.")
    actions = ("rebuild",)

    def has_rebuild_permission(self, request: HttpRequest) -> bool:
        """`has_change_permission` is about editing the row by hand, which nobody may."""
        return request.user.has_perm("search_app.change_clustering")

    @admin.display(description=_("clusters"))
    def found(self, obj: Clustering) -> SafeString:
        return rows_link(Cluster, _("show"), collection=obj.collection_id)

    @admin.display(description=_("error"))
    def reason(self, obj: Clustering) -> str:
        return in_words(obj.error)

    @admin.action(description=_("Build the clusters again"), permissions=["rebuild"])
    def rebuild(self, request: HttpRequest, queryset: QuerySet[Clustering]) -> None:
        asked = []
        for row in queryset.select_related("collection", "parent__clustering"):
            try:
                wish = clusters.request(
                    row.collection,
                    row.wanted,
                    method=row.method,
                    smallest=row.smallest,
                    parent=row.parent,
                )
                asked.append(wish)
            except Rejected as error:
                messages.error(request, f"{row.collection}: {error}")
        if not asked:
            return
        messages.success(
            request,
            ngettext(
                "The clusters of %(count)d collection are being built.",
                "The clusters of %(count)d collections are being built.",
                len(asked),
            )
            % {"count": len(asked)},
        )


@admin.register(Cluster)
class ClusterAdmin(ReadOnlyAdmin):
    list_display = ("name", "of_collection", "size", "members")
    list_select_related = ("collection",)
    search_fields = ("name__istartswith", "collection__name__istartswith")
    search_help_text = _("Beginning of the name or of the collection's name.")
    fields = ("name", "of_collection", "ordinal", "size", "terms", "members")

    @admin.display(description=_("collection"), ordering="collection")
    def of_collection(self, obj: Cluster) -> SafeString | str:
        return row_link(obj.collection)

    @admin.display(description=_("documents"))
    def members(self, obj: Cluster) -> SafeString:
        return rows_link(ClusterMember, _("show"), cluster=obj.pk)


@admin.register(ClusterMember)
class ClusterMemberAdmin(ReadOnlyAdmin):
    list_display = ("of_document", "cluster", "score")
    list_select_related = ("document", "cluster")
    search_fields = ("document__external_id__startswith",)
    search_help_text = _("Beginning of the document's id.")
    fields = ("of_document", "cluster", "score")

    @admin.display(description=_("document"))
    def of_document(self, obj: ClusterMember) -> SafeString | str:
        return row_link(obj.document)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClusterMember]:
        return super().get_queryset(request).defer(*long_columns("document"))


@admin.register(RelatedDocument)
class RelatedDocumentAdmin(ReadOnlyAdmin):
    list_display = ("of_document", "of_other", "rank", "score")
    list_select_related = ("document", "other")
    search_fields = ("document__external_id__startswith",)
    search_help_text = _("Beginning of the document's id.")
    fields = ("of_document", "of_other", "rank", "score")

    @admin.display(description=_("document"))
    def of_document(self, obj: RelatedDocument) -> SafeString | str:
        return row_link(obj.document)

    @admin.display(description=_("related document"))
    def of_other(self, obj: RelatedDocument) -> SafeString | str:
        return row_link(obj.other)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RelatedDocument]:
        return super().get_queryset(request).defer(*long_columns("document", "other"))


@admin.register(DocumentVector)
class DocumentVectorAdmin(ReadOnlyAdmin):
    list_display = ("of_document", "collection", "model", "revision", "floor", "refill")
    list_filter = ("refill",)
    list_select_related = ("document", "collection", "model")
    search_fields = ("document__external_id__startswith",)
    search_help_text = _("Beginning of the document's id.")
    fields = ("of_document", "collection", "model", "revision", "floor", "refill", "numbers")

    @admin.display(description=_("document"))
    def of_document(self, obj: DocumentVector) -> SafeString | str:
        return row_link(obj.document)

    @admin.display(description=_("first numbers"))
    def numbers(self, obj: DocumentVector) -> str:
        return first_numbers(obj.embedding)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DocumentVector]:
        return super().get_queryset(request).defer(*long_columns("document"))


@admin.register(Upkeep)
class UpkeepAdmin(ReadOnlyAdmin):
    list_display = ("collection", "job", "state", "problems", "repaired", "recall", "finished")
    list_filter = ("job", "state")
    list_select_related = ("collection",)
    search_fields = ("collection__name__istartswith",)
    search_help_text = _("Beginning of the collection's name.")


@admin.register(Interest)
class InterestAdmin(ReadOnlyAdmin):
    """Whose they are and how far they got; not the key of the feed, which opens it."""

    list_display = ("name", "owner", "kind", "collection", "email", "created", "seen")
    list_filter = ("kind", "email")
    list_select_related = ("owner", "collection")
    search_fields = ("name__istartswith", "owner__username__istartswith")
    search_help_text = _("Beginning of the name or of the owner's.")
    fields = (
        "name", "owner", "kind", "text", "of_document", "collection", "filters", "threshold",
        "email", "created", "seen",
    )  # fmt: skip

    @admin.display(description=_("document"))
    def of_document(self, obj: Interest) -> SafeString | str:
        return row_link(obj.document)
