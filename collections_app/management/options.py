"""What the commands share: whose content, which collection, which model.

The options are those of the reference tool, `llm`, and so are the exit statuses: 2 for a
command line that makes no sense, 1 for what cannot be done.
"""

import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from collections_app import services
from collections_app.models import Collection, EmbeddingModel


class LlmCommand(BaseCommand):
    """A command whose words and options may stand in any order, as those of `llm` may."""

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **options)
        # Django makes the parser and calls it by this name: there is no place for a subclass.
        vars(parser)["parse_args"] = parser.parse_intermixed_args
        return parser


def add_owner(parser: ArgumentParser) -> None:
    parser.add_argument("--owner", help="whose collections: a user name (the administrator)")


def add_model(parser: ArgumentParser) -> None:
    """The environment names it for `llm`, so it does here."""
    parser.add_argument(
        "-m",
        "--model",
        default=os.environ.get("LLM_EMBEDDING_MODEL"),
        help="an embedding model, by name or alias (the default one)",
    )
    parser.add_argument("--key", help="taken for llm's sake: no model here needs one")


def add_metadata(parser: ArgumentParser) -> None:
    parser.add_argument("--metadata", type=json_object, default={}, help="a JSON object")


def add_text(parser: ArgumentParser) -> None:
    parser.add_argument("-c", "--content", help="the text")
    parser.add_argument("-i", "--input", help="a file with the text; - is standard input")


def add_binary(parser: ArgumentParser) -> None:
    parser.add_argument("--binary", action="store_true", help="bytes, for models that read them")


def add_store(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--store", action="store_true", help="taken for llm's sake: the text is kept anyway"
    )
    parser.add_argument(
        "--no-store", action="store_true", help="keep no text, once the vectors are there"
    )


def add_database(parser: ArgumentParser, use: str = "refused, and why: see there") -> None:
    parser.add_argument("-d", "--database", help=use)


def usage(message: str) -> CommandError:
    """For a command line that makes no sense."""
    return CommandError(message, returncode=2)


def refuse_database(options: dict[str, Any]) -> None:
    """Collections are rows of the site's database, not files."""
    if path := options["database"]:
        raise CommandError(
            "Collections are kept in the site's own database, not in a file. "
            f"Bring this one in with: manage.py import_llm_db {path}"
        )


def check_binary(options: dict[str, Any], model: EmbeddingModel) -> None:
    """Bytes are for models that take pictures."""
    if options["binary"] and not model.takes_pictures:
        raise CommandError(
            "This model does not support binary data, only text strings. Leave --binary out: "
            "files of text, PDFs and Office documents are read by their content."
        )


def picture(options: dict[str, Any], model: EmbeddingModel) -> bytes | None:
    """The bytes given with --binary, for a model that takes pictures; None without it."""
    check_binary(options, model)
    if not options["binary"]:
        return None
    if not options["input"]:
        raise CommandError("No content provided. Give a picture with -i.")
    try:
        if options["input"] == "-":
            return sys.stdin.buffer.read()
        return Path(options["input"]).read_bytes()
    except OSError as error:
        raise usage(f"{options['input']} cannot be read: {error.strerror}.") from error


def owner(options: dict[str, Any]) -> User:
    """The account to act for; the first administrator where none is named."""
    if name := options["owner"]:
        found = User.objects.filter(username=name, is_active=True).first()
        if not found:
            raise CommandError(f"There is no active user named {name!r}.")
        return found
    try:
        return services.operator()
    except services.Rejected as error:
        raise CommandError(str(error)) from error


def model(name: str | None) -> EmbeddingModel:
    """A registered model by its name or alias."""
    default = services.default_model()
    if name is None:
        return default
    named = EmbeddingModel.objects.filter(Q(name=name) | Q(aliases__name=name))
    if not (found := named.first()):
        raise CommandError(f"There is no embedding model {name!r}. See: manage.py embed_models.")
    return found


def collection(user: User, name: str) -> Collection:
    """The user's own collection of this name."""
    found = Collection.objects.editable_by(user).filter(name=name).first()
    if not found:
        raise CommandError(f"{user} has no collection {name!r}. See: manage.py collections list.")
    return found


def collection_made(
    user: User, name: str, model_name: str | None, visibility: str | None = None
) -> Collection:
    """The user's collection of this name, made where there is none yet.

    One that is there keeps its model, whatever is asked for: that is said.
    """
    found = Collection.objects.editable_by(user).filter(name=name).first()
    if found is None:
        chosen = visibility or Collection.Visibility.PRIVATE
        try:
            return services.create_collection(
                user, name, visibility=chosen, model=model(model_name)
            )
        except services.Rejected as error:
            raise CommandError(str(error)) from error
    if visibility is not None and found.visibility != visibility:
        raise CommandError(f"{name!r} is {found.visibility} already. Change that on its page.")
    return found


def text(options: dict[str, Any]) -> str:
    """The text from the option, or else from the file or standard input."""
    content: str = options["content"] or _read(options["input"])
    if not content.strip():
        raise CommandError("No content provided. Give a text with -c or -i.")
    return content


def _read(file: str | None) -> str:
    try:
        if file in (None, "-"):
            return sys.stdin.read()
        return Path(str(file)).read_text(encoding="utf-8")
    except OSError as error:
        raise usage(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file or 'Standard input'} is not UTF-8 text: {error}.") from error


def json_object(text: str) -> dict[str, Any]:
    """For argparse."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ArgumentTypeError('not a JSON object, such as {"language": "en"}')
    return value
