"""Functions and classes of source files on this machine: those that are wanted go in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.intake import AddResult, Incoming, Problem
from collections_app.intake.code import (
    document,
    language_of,
    path_ids,
    remove_gone,
    symbols_in,
)
from collections_app.models import Collection
from collections_app.pipeline.code import Symbol
from collections_app.pipeline.code.choosing import Wanted
from collections_app.pipeline.code.symbols import MODULE
from collections_app.pipeline.extracted import Unreadable
from collections_app.services.adding import add_documents
from collections_app.storage import too_large


@dataclass(frozen=True)
class CodeFile:
    """A file, and its path within the folder: what ids name, and what Python imports it by."""

    path: Path
    within: PurePosixPath


@dataclass(frozen=True)
class CodeChoice:
    """What of the files goes in, and how: `by_import` gives ids that are import lines;
    `whole` keeps the methods in the text of their class."""

    wanted: Wanted = field(default_factory=Wanted)
    by_import: bool = False
    whole: bool = False
    prefix: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def add_code(
    collection: Collection, files: Iterable[CodeFile], choice: CodeChoice
) -> tuple[AddResult, int]:
    """(what became of the symbols, how many documents went that these files no longer give).

    A file that cannot be parsed is a Problem; what was there of it before stays.
    """
    ids: dict[str, set[str]] = {}
    problems: list[Problem] = []
    result = add_documents(collection, _incoming(files, choice, ids, problems))
    result.problems = problems + result.problems
    return result, remove_gone(collection, ids)


def _incoming(
    files: Iterable[CodeFile],
    choice: CodeChoice,
    ids: dict[str, set[str]],
    problems: list[Problem],
) -> Iterator[Incoming]:
    for file in files:
        path = choice.prefix + str(file.within)
        try:
            found = list(_documents(file, path, choice))
        except Unreadable as error:
            problems.append(Problem(path, str(error)))
            continue
        except OSError as error:
            reason = _("The file cannot be read: %(reason)s.") % {"reason": error.strerror}
            problems.append(Problem(path, reason))
            continue
        ids.setdefault(path, set()).update(one.external_id for one in found)
        yield from found


def _documents(file: CodeFile, path: str, choice: CodeChoice) -> Iterator[Incoming]:
    """Raises Unreadable and OSError."""
    language = language_of(path)
    if language is None:
        raise Unreadable(_("There is no parser for files of this name."))
    if file.path.stat().st_size > settings.MAX_UPLOAD_BYTES:
        raise Unreadable(too_large(settings.MAX_UPLOAD_BYTES))
    data = file.path.read_bytes()
    symbols = symbols_in(data, language) if data.strip() else []  # as many __init__.py are
    keys = path_ids(path, symbols)
    if choice.by_import and language.key == "python":
        keys = [choice.prefix + one for one in import_ids(file.within, symbols)]
    for key, one in zip(keys, symbols, strict=True):
        if choice.wanted.takes(one):
            yield document(path, key, one, language, choice.metadata, whole=choice.whole)


def import_ids(within: PurePosixPath, symbols: Iterable[Symbol]) -> list[str]:
    """`from package.module import name`; what stands in another symbol is named in a comment,
    and what has the name of one before it by its line too."""
    parts = [*within.parent.parts, within.stem]
    module = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    ids, seen = [], set[str]()
    for one in symbols:
        if one.kind == MODULE:
            ids.append(module)
            continue
        top, _dot, deeper = one.name.partition(".")
        notes = [one.name] if deeper else []
        notes += [f"line {one.line}"] if one.name in seen else []
        seen.add(one.name)
        line = f"from {module} import {top}"
        ids.append(f"{line}  # {', '.join(notes)}" if notes else line)
    return ids
