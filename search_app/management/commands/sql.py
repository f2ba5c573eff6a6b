"""Run SQL over one's collections: `sql "SELECT ..." -p input boats --csv`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.encoders import ModelMissing
from collections_app.management import options as shared
from collections_app.services import Rejected
from search_app import sql


class Command(BaseCommand):
    help = "Run a query over the views of the SQL page, as a user: see docs/sql.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("query", help="SELECT …, with :names for parameters")
        parser.add_argument(
            *("-p", "--param"), nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
            help="the value of a parameter; may come again",
        )  # fmt: skip
        parser.add_argument("-m", "--model", help="for embed(:name); the default one if left out")
        parser.add_argument("--csv", action="store_true", help="CSV instead of JSON")
        parser.add_argument("--user", help="who asks: a user name (the administrator)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner({"owner": options["user"]})
        model = shared.model(options["model"])
        try:
            answer = sql.run(user, options["query"], dict(options["param"]), model)
        except (Rejected, ModelMissing) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(sql.as_csv(answer) if options["csv"] else sql.as_json(answer))
        if answer.more:
            self.stderr.write(f"There are more rows: these are the first {len(answer.rows)}.")
