"""What is made of documents, and the models it is made with."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from collections_app import services, vectors
from collections_app.forms import EmbeddingModelForm
from collections_app.large_tables import (
    LargeTableAdmin,
    ReadOnlyAdmin,
    first_numbers,
    row_link,
    rows_link,
)
from collections_app.models import (
    Collection,
    EmbeddingModel,
    Passage,
    Vector,
    long_columns,
)
from collections_app.probes import in_use
from collections_app.reasons import in_words
from collections_app.services.models import FIXED, PROBED


@admin.register(Passage)
class PassageAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "of_document", "heading", "token_count", "term_count", "vectors")
    fields = (
        "of_document",
        "ordinal",
        "heading",
        "text",
        "start",
        "end",
        "token_count",
        "term_count",
        "content_hash",
        "vectors",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Passage]:
        rows = Passage.objects.select_related("document")
        return rows.defer("text", *long_columns("document"))

    @admin.display(description=_("document"))
    def of_document(self, obj: Passage) -> SafeString | str:
        return row_link(obj.document)

    @admin.display(description=_("vectors"))
    def vectors(self, obj: Passage) -> SafeString:
        return rows_link(Vector, _("show"), passage=obj.pk)


@admin.register(Vector)
class VectorAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "of_passage", "of_model", "content_hash")
    fields = ("of_passage", "of_model", "content_hash", "dimension", "begins")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vector]:
        rows = Vector.objects.select_related("passage", "model")
        return rows.defer("embedding", "passage__text")

    @admin.display(description=_("passage"))
    def of_passage(self, obj: Vector) -> SafeString | str:
        return row_link(obj.passage)

    @admin.display(description=_("embedding model"))
    def of_model(self, obj: Vector) -> SafeString | str:
        return row_link(obj.model)

    @admin.display(description=_("dimension"))
    def dimension(self, obj: Vector) -> int:
        return len(obj.embedding)

    @admin.display(description=_("first numbers"))
    def begins(self, obj: Vector) -> str:
        return first_numbers(obj.embedding)


@admin.register(EmbeddingModel)
class EmbeddingModelAdmin(LargeTableAdmin):
    form = EmbeddingModelForm
    exclude = ("modalities",)
    list_display = (
        "name",
        "backend",
        "ref",
        "dimension",
        "token_limit",
        "state",
        "is_default",
        "collections",
    )
    list_filter = ("backend", "state")
    search_fields = ("name__istartswith", "ref__istartswith")
    readonly_fields = ("dimension", "state", "is_default", "created", "engine", "compared")
    actions = ("make_default",)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Registered on pages of their own, which ask what each backend needs."""
        return redirect("model_kinds")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What a probe told no longer holds for another folder, limit or address."""
        changed = set(PROBED) & set(form.changed_data)
        if changed and not in_use().filter(pk=obj.pk).exists():
            obj.state = EmbeddingModel.State.WAITING
        super().save_model(request, obj, form, change)
        if changed:
            services.request_probe(obj, anew=True)
            messages.info(request, _("A worker tries %(model)s now.") % {"model": obj})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What decides the vectors stays as it is once there are some."""
        used = obj is not None and in_use().filter(pk=obj.pk).exists()
        return (*self.readonly_fields, *(FIXED if used else ()))

    @admin.display(description=_("engine"))
    def engine(self, obj: EmbeddingModel) -> str:
        """What runs it here; where that is torch, why."""
        if obj.pk is None:
            return "-"
        found = vectors.report(obj)
        name = found.engine or _("not made ready yet")
        return f"{name}: {in_words(found.refused)}" if found.refused else str(name)

    @admin.display(description=_("compared with its own library"))
    def compared(self, obj: EmbeddingModel) -> str:
        found = vectors.report(obj) if obj.pk else None
        if found is None or found.mean is None:
            return "-"
        return _(
            "cosine %(mean).5f on average, %(least).5f at least; "
            "%(kept).1f%% of the ten nearest kept; %(when)s"
        ) % {
            "mean": found.mean,
            "least": found.least,
            "kept": 100 * (found.kept or 0),
            "when": found.when,
        }

    @admin.display(description=_("collections"))
    def collections(self, obj: EmbeddingModel) -> SafeString:
        return rows_link(Collection, _("show"), embedding_model__id__exact=obj.pk)

    @admin.action(description=_("Make it the default for new collections"), permissions=["change"])
    def make_default(self, request: HttpRequest, queryset: QuerySet[EmbeddingModel]) -> None:
        if len(chosen := list(queryset[:2])) != 1:
            messages.error(request, _("Choose one model."))
            return
        try:
            services.make_default(chosen[0])
        except services.Rejected as error:
            messages.error(request, str(error))
            return
        messages.success(request, _("New collections get %(model)s.") % {"model": chosen[0]})

    def protected(self, objs: Iterable[EmbeddingModel]) -> list[str]:
        used = in_use().filter(pk__in=[model.pk for model in objs])
        return [_("%(model)s, which collections use") % {"model": model} for model in used]
