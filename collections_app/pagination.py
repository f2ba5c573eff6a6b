"""Cursor pagination: pages stay right while rows are added, at any depth."""

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class ByIdPagination(CursorPagination):
    """Newest first. `page_size` is bounded by 200."""

    ordering: Any = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:  # a cursor that was tampered with
            raise NotFound(self.invalid_cursor_message) from error


class ByTimePagination(ByIdPagination):
    ordering = ("-created", "-pk")


class ByOrdinalPagination(ByIdPagination):
    """Passages in the order of their document."""

    ordering = ("ordinal",)


class ByScorePagination(ByIdPagination):
    """Best first."""

    ordering = ("-score", "pk")
