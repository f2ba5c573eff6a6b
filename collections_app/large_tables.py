"""An admin that stays fast at 200,000 rows: no full counts, no loading what goes along."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

if TYPE_CHECKING:  # Django's own classes take no parameters
    AnyPaginator = Paginator[Any]
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyPaginator, AnyModelAdmin = Paginator, admin.ModelAdmin

EXACT_BELOW = 10_000  # rows; smaller tables are counted
NUMBERS_SHOWN = 8  # of a vector
NAMED = 20  # objects that a confirmation page lists by name


class EstimatingPaginator(AnyPaginator):
    """Counts a large unfiltered table by PostgreSQL's own estimate."""

    @cached_property
    def count(self) -> int:
        query = getattr(self.object_list, "query", None)
        if query is None or query.where or query.is_sliced:
            return super().count
        estimate = estimated_rows(query.model)
        return estimate if estimate >= EXACT_BELOW else super().count


def estimated_rows(model: type[Model]) -> int:
    """The planner's row count, as of the last vacuum or analyze; -1 before the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
            [model._meta.db_table],
        )
        return int(cursor.fetchone()[0])


class LargeTableAdmin(AnyModelAdmin):
    paginator = EstimatingPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    ordering = ("-pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """All that was typed is one beginning: in quotes, Django does not take it apart."""
        quoted = search_term.replace("\\", "\\\\").replace('"', '\\"')
        return super().get_search_results(request, queryset, f'"{quoted}"' if quoted else "")

    def get_deleted_objects(
        self, objs: Iterable[Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What the confirmation page shows: the objects themselves. What hangs on them
        (passages, vectors, postings) goes along and may be hundreds of thousands of rows."""
        rows = objs if isinstance(objs, QuerySet) else list(objs)
        count = rows.count() if isinstance(rows, QuerySet) else len(rows)
        names = [str(obj) for obj in rows[:NAMED]]
        if count > NAMED:
            names.append(_("… and %(count)d more") % {"count": count - NAMED})
        opts = self.model._meta
        lacking = set() if self.has_delete_permission(request) else {str(opts.verbose_name)}
        return names, {str(opts.verbose_name_plural): count}, lacking, self.protected(rows)

    def protected(self, objs: Iterable[Any]) -> list[str]:
        """Those of the objects that must stay, and why."""
        return []


class UnwrittenAdmin(LargeTableAdmin):
    """For rows that nobody writes here, but that may be deleted."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(UnwrittenAdmin):
    """For rows that the site derives: to look at, not to change."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def first_numbers(vector: Sequence[float]) -> str:
    """How a vector begins, as a list or a page shows it."""
    return ", ".join(f"{number:.6f}" for number in vector[:NUMBERS_SHOWN])


def rows_link(model: type[Model], label: Any, **filters: Any) -> SafeString:
    """A link to the admin's list of `model`, filtered."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return format_html('<a href="{}">{}</a>', reverse(name, query=filters), label)


def row_link(obj: Model | None) -> SafeString | str:
    """A link to the admin's page of `obj`."""
    if obj is None:
        return "–"
    name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[obj.pk]), obj)
