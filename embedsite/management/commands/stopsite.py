"""`stopsite`: stops a running site, or clears up after one that was killed."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from embedsite.runner.presence import Presence
from embedsite.servers.errors import ServerError
from embedsite.servers.lease import Lease


class Command(BaseCommand):
    help = "Stops the site that `runsite` started."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        presence = Presence(settings.VAR_DIR)
        ran = presence.stop_runner()
        orphans = presence.end_orphans()
        try:
            lease = Lease(settings.VAR_DIR, postgres=False)
            lease.take()
            stopped = lease.give_back()
        except ServerError as error:
            raise CommandError(str(error)) from error
        if ran:
            self.stdout.write("Stopped.")
        else:
            self.stdout.write(f"No site was running; {orphans} left-over processes ended.")
        if not stopped:
            self.stdout.write("The embedded servers stay up: another command is using them.")
