"""The files of a Git repository's branch, over HTTPS or below SOURCE_ROOTS.

Unchanged files are told by the hashes in the tree: they are neither read nor sent.
"""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.intake import media_type
from collections_app.models import Blob
from collections_app.sources import repositories, roots, web
from collections_app.sources.items import Content, Context, Failed, Item, Unlisted, Validators
from collections_app.sources.matching import EVERYTHING, matches, pattern
from collections_app.sources.options import Option
from collections_app.sources.repositories import Entry, Objects
from collections_app.storage import Rejected, too_large

OPTIONS = (
    Option("url", required=True),  # or a folder on the server
    Option("branch"),
    Option("glob", default=EVERYTHING),
)
SECRETS = (Option("user"), Option("token"))
COMPLETE = True
_BRANCH = re.compile(r"(?!.*(\.\.|//|@\{))[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


def check(options: dict[str, Any], blob: Blob | None) -> None:
    if not repositories.is_there():
        raise Rejected(_("git is not installed on this server. Install it to read repositories."))
    if options["branch"] and not _BRANCH.fullmatch(options["branch"]):
        raise Rejected(_("“%s” is not the name of a branch.") % options["branch"][:100])
    pattern(options["glob"])
    if options["url"].startswith("/"):
        _local(options["url"])
    else:
        web.check_url(options["url"])


def items(context: Context) -> Iterator[Item]:
    """Raises Unlisted and Refused."""
    repository, commit = _repository(context)
    entries = repositories.files(repository, commit)
    objects = context.resources.enter_context(Objects(repository))
    wanted = pattern(context.options["glob"])
    for entry in entries:
        if matches(wanted, entry.path):
            yield _item(objects, entry)


def _repository(context: Context) -> tuple[Path, str]:
    """Where it is, and what to read in it."""
    url, branch = context.options["url"], context.options["branch"]
    if url.startswith("/"):
        try:
            return _local(url), f"refs/heads/{branch}" if branch else "HEAD"
        except Rejected as error:
            raise Unlisted(str(error), again=False) from error
    fetching = repositories.fetched(url, branch, _header(context.secrets))
    return context.resources.enter_context(fetching), "FETCH_HEAD"


def _local(path: str) -> Path:
    """The repository's own folder, bare or not. Raises Rejected where it leads elsewhere."""
    folder = roots.allowed_folder(path)
    inner = folder / ".git" if (folder / ".git").is_dir() else folder
    repository = roots.allowed_folder(str(inner))
    objects = roots.allowed_folder(str(repository / "objects"))
    for name in ("commondir", "objects/info/alternates"):
        if (repository / name).exists():
            raise Rejected(_("%s shares its objects with another repository.") % path)
    if objects != repository / "objects" or not (repository / "HEAD").is_file():
        raise Rejected(_("%s is not a Git repository.") % path)
    return repository


def _header(secrets: dict[str, Any]) -> str:
    """The value of the Authorization header; empty without a token."""
    if not secrets.get("token"):
        return ""
    pair = f"{secrets.get('user') or 'git'}:{secrets['token']}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _item(objects: Objects, entry: Entry) -> Item:
    def fetch(known: Validators) -> Content:
        if entry.size > settings.MAX_UPLOAD_BYTES:
            raise Failed(too_large(settings.MAX_UPLOAD_BYTES))
        return Content(data=objects.read(entry), media_type=media_type(entry.path))

    return Item(entry.path, fetch, {"sha": entry.sha})
