"""What the commands share: whose content, which collection, which model."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from collections_app import services
from collections_app.models import Collection, EmbeddingModel


def add_owner(parser: ArgumentParser) -> None:
    parser.add_argument("--owner", help="whose collections: a user name (the administrator)")


def add_model(parser: ArgumentParser) -> None:
    parser.add_argument("-m", "--model", help="an embedding model (the default one)")


def add_metadata(parser: ArgumentParser) -> None:
    parser.add_argument("--metadata", type=json_object, default={}, help="a JSON object")


def add_text(parser: ArgumentParser) -> None:
    parser.add_argument("-c", "--content", help="the text")
    parser.add_argument("-i", "--input", help="a file with the text; - is standard input")


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
    """A registered model by its name."""
    default = services.default_model()
    if name is None:
        return default
    found = EmbeddingModel.objects.filter(name=name).first()
    if not found:
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
    """The user's collection of this name, made where there is none yet."""
    found = Collection.objects.editable_by(user).filter(name=name).first()
    if found is None:
        chosen = visibility or Collection.Visibility.PRIVATE
        try:
            return services.create_collection(
                user, name, visibility=chosen, model=model(model_name)
            )
        except services.Rejected as error:
            raise CommandError(str(error)) from error
    if model_name is not None and found.embedding_model != model(model_name):
        raise CommandError(f"{name!r} has the model {found.embedding_model}, not {model_name}.")
    if visibility is not None and found.visibility != visibility:
        raise CommandError(f"{name!r} is {found.visibility} already. Change that on its page.")
    return found


def text(options: dict[str, Any]) -> str:
    """The text from the option, the file or standard input."""
    content, file = options["content"], options["input"]
    if content is not None and file is not None:
        raise CommandError("Give the text with -c or with -i, not both.")
    if content is None:
        content = _read(file)
    if not content.strip():
        raise CommandError("There is no text to embed. Give some with -c or -i.")
    return str(content)


def _read(file: str | None) -> str:
    try:
        if file in (None, "-"):
            return sys.stdin.read()
        return Path(str(file)).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file or 'Standard input'} is not UTF-8 text: {error}.") from error


def json_object(text: str) -> dict[str, Any]:
    """For argparse: a JSON object, or ValueError."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value
