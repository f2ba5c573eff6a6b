"""Cursor pagination: pages stay right while rows are added, at any depth."""

from rest_framework.pagination import CursorPagination


class ByIdPagination(CursorPagination):
    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 200
