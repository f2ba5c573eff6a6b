"""`runsite`: the whole site from one command, until Ctrl-C."""

import argparse
import os
import signal
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from embedsite.runner import administrator, ports, static
from embedsite.runner.presence import Presence
from embedsite.runner.site import Site
from embedsite.servers.errors import ServerError
from embedsite.servers.lease import Lease, held
from embedsite.translations import compile_all


class Command(BaseCommand):
    help = "Runs the site (web, worker, beat and the embedded servers) until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        first = int(os.environ.get("PORT", ports.FIRST))
        parser.add_argument("--port", type=int, default=first, help="the first to try (PORT)")
        parser.add_argument("--demo", action="store_true", help="load the demo collections")

    def handle(self, *, port: int, demo: bool, **options: Any) -> None:
        presence = Presence(settings.VAR_DIR)
        if not presence.enter():
            self._say_already_running(presence)
            return
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        try:
            self._run(presence, port, demo)
        except ServerError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.say("Stopped.")
        finally:
            presence.leave()

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _say_already_running(self, presence: Presence) -> None:
        running = presence.read()
        where = running.get("url") or "(it is still starting)"
        self.say(f"embedsite is already running at {where}; stop it with `manage.py stopsite`.")

    def _run(self, presence: Presence, wanted: int, demo: bool) -> None:
        if ended := presence.end_orphans():
            self.say(f"Ended {ended} processes that an earlier run had left behind.")
        with held(
            settings.VAR_DIR, postgres=settings.EMBEDDED_POSTGRES, redis=settings.EMBEDDED_REDIS
        ) as lease:
            self._prepare()
            site = self._site(wanted, lease)
            try:
                login = self._login()
                site.start()
                presence.write(url=site.url)
                self.say(f"\nembedsite is at {site.url}{login}\nCtrl-C stops it.\n")
                if demo:
                    self._load_demo(site)
                site.watch(until=lambda: False)
            finally:
                _ignore_further_signals()
                self.say("Stopping ...")
                site.stop()

    def _prepare(self) -> None:
        if not (settings.BASE_DIR / "embedsite" / "static" / "dist").is_dir():
            raise CommandError("The browser parts are not built: run `python3 run.py build` first.")
        self.say("Preparing database, translations and static files ...")
        call_command("migrate", interactive=False, verbosity=0)
        compile_all(settings.BASE_DIR)
        static.collect(settings.STATIC_ROOT)

    def _site(self, wanted: int, lease: Lease | None) -> Site:
        port = ports.free(wanted)
        if port is None:
            raise CommandError(f"No port is free from {wanted} on: choose one with --port.")
        if port != wanted:
            self.say(f"Port {wanted} is taken; using {port}.")
        return Site(settings.BASE_DIR, settings.VAR_DIR, port, lease, self.say)

    def _login(self) -> str:
        password = administrator.password(settings.VAR_DIR)
        shown = password or "(the one you have chosen)"
        return f"\nLogin: {administrator.NAME}   Password: {shown}"

    def _load_demo(self, site: Site) -> None:
        started = time.monotonic()
        if site.run("load_demo"):
            self.say(
                "The demo collections were not loaded (see above); the site runs all the same."
            )
        else:
            seconds = time.monotonic() - started
            self.say(f"The demo collections are ready after {seconds:.0f} s: {site.url}")


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _ignore_further_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
