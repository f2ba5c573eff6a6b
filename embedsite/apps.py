from django.apps import AppConfig


class EmbedsiteConfig(AppConfig):
    name = "embedsite"

    def ready(self) -> None:
        from embedsite import checks, stalls  # noqa: F401 (they register themselves)
