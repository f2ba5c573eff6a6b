from django.apps import AppConfig


class EmbedsiteConfig(AppConfig):
    name = "embedsite"

    def ready(self) -> None:
        from embedsite import checks  # noqa: F401 (registers itself)
