from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class SearchAppConfig(AppConfig):
    name = "search_app"
    verbose_name = _("Search")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from search_app import receivers

        pre_migrate.connect(receivers.drop_views, sender=self)
        post_migrate.connect(receivers.make_views, sender=self)
