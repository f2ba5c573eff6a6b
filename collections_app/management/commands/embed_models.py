"""The registered embedding models: `embed_models`."""

from typing import Any

from django.core.management.base import BaseCommand

from collections_app import services
from collections_app.models import EmbeddingModel


class Command(BaseCommand):
    help = "List the registered embedding models."

    def handle(self, *args: Any, **options: Any) -> None:
        default = services.default_model()
        for model in EmbeddingModel.objects.all():
            mark = ", default" if model == default else ""
            self.stdout.write(
                f"{model.name}: {model.get_backend_display()}, {model.dimension} dimensions, "
                f"{model.token_limit} tokens{mark}"
            )
