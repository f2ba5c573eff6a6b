"""What the commands share: whose content, which collection, which model."""

import json
from argparse import ArgumentParser
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


def json_object(text: str) -> dict[str, Any]:
    """For argparse: a JSON object, or ValueError."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value
