"""Who ran what in SQL: the audit, to look at."""

from django.contrib import admin

from collections_app.large_tables import ReadOnlyAdmin
from search_app.models import SqlRun


@admin.register(SqlRun)
class SqlRunAdmin(ReadOnlyAdmin):
    list_display = ("started", "user", "sql", "milliseconds", "rows", "error")
    list_select_related = ("user",)
    search_fields = ("user__username__istartswith",)
    fields = ("user", "started", "sql", "milliseconds", "rows", "error")
