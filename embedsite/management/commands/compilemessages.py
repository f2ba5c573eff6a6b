"""`compilemessages` without gettext's msgfmt, which Django's own command needs."""

from django.conf import settings
from django.core.management.base import BaseCommand

from embedsite.translations import compile_all


class Command(BaseCommand):
    help = "Compiles the translations (.po) that changed."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        for written in compile_all(settings.BASE_DIR):
            self.stdout.write(str(written.relative_to(settings.BASE_DIR)))
