"""The role of the SQL page, for a PostgreSQL server of one's own: `sql_role --apply`."""

import secrets
from argparse import ArgumentParser
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, transaction

from search_app.analysis import sql_role


class Command(BaseCommand):
    help = (
        "Print the statements that make the role which typed SQL runs under, for an administrator "
        "of the PostgreSQL server; --apply runs them, where DATABASE_URL's role may."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="run them (needs a superuser)")
        parser.add_argument("--password", help="the role's; one is made where it is left out")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.EMBEDDED_POSTGRES:
            raise CommandError("The embedded PostgreSQL has the role: there is nothing to do.")
        password = options["password"] or secrets.token_urlsafe(32)
        owner = str(connection.settings_dict["USER"])
        statements = [*sql_role.role(password), *sql_role.closed(owner)]
        if options["apply"]:
            self._apply(statements)
        else:
            self.stdout.write("\n".join(statements))
        values = connection.settings_dict
        address = psycopg.conninfo.make_conninfo(
            host=values["HOST"],
            port=values["PORT"] or "5432",
            dbname=values["NAME"],
            user=sql_role.ROLE,
            password=password,
        )
        self.stderr.write(f"Then set SQL_DATABASE_URL, and start the site again:\n{address}")

    def _apply(self, statements: list[str]) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        except DatabaseError as error:
            raise CommandError(
                f"The server did not allow it: {error}".strip()
                + " Give what this command prints without --apply to its administrator."
            ) from error
