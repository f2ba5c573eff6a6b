"""Users and their API tokens."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from collections_app import services
from collections_app.large_tables import LargeTableAdmin, UnwrittenAdmin
from collections_app.models import ApiToken

if TYPE_CHECKING:  # Django's own class takes no parameters
    AnyUserAdmin = UserAdmin[User]
else:
    AnyUserAdmin = UserAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(UnwrittenAdmin):
    """Made on the tokens page, where the key is shown to its user; revoked here too."""

    list_display = ("name", "user", "prefix", "scope", "created", "last_used")
    list_filter = ("scope",)
    list_select_related = ("user",)
    search_fields = ("name__istartswith", "prefix__startswith", "user__username__istartswith")
    fields = ("user", "name", "prefix", "scope", "created", "last_used")


admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(LargeTableAdmin, AnyUserAdmin):
    """Django's own, but a user's collections go as collections do."""

    ordering = ("username",)
    get_search_results = UserAdmin.get_search_results

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.delete_account(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            services.delete_account(user)
