"""Files of source code to a document for each function, method and class.

The file's own document, under its name, keeps what stands beside them: imports, constants, its
docstring, and their signatures. What a file no longer has goes with the next adding.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from collections_app import purge, storage
from collections_app.batches import batched
from collections_app.intake.incoming import CONTROL, TITLE_LENGTH, AddResult, Incoming, Problem
from collections_app.models import Collection, Document
from collections_app.pipeline.code import Language, Symbol, by_name
from collections_app.pipeline.code.reading import symbols_of
from collections_app.pipeline.code.symbols import FUNCTION, METHOD, MODULE
from collections_app.pipeline.extracted import Unreadable
from collections_app.pipeline.sandbox import Limits

FILES = 200  # looked for at a time
LINES = 20_000  # characters of the list of lines: what is longer is left out


@dataclass
class Files:
    """The source files of one adding: the ids that each has now, and those taken apart."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    apart: list[str] = field(default_factory=list)  # the digests of their blobs


def language_of(name: str) -> Language | None:
    """The language of a file that can be taken apart."""
    language = by_name(name)
    return language if language and language.split else None


def taken_apart(
    collection: Collection, items: Iterable[Incoming], files: Files, result: AddResult
) -> Iterator[Incoming]:
    """The items, those that are source files as their symbols where the collection wants that.

    A file that cannot be parsed is a Problem; what was there of it before stays.
    """
    for item in items:
        language = language_of(item.external_id) if item.blob else None
        if item.blob is None or language is None:
            yield item
            continue
        found = [item]
        if collection.split_code:
            files.apart.append(item.blob.sha256)
            try:
                found = _documents(item, storage.read(item.blob), language)
            except (Unreadable, OSError) as error:
                result.problems.append(Problem(item.external_id, str(error)))
                continue
        files.ids[item.external_id] = {one.external_id for one in found}
        yield from found


def symbols_in(data: bytes, language: Language) -> list[Symbol]:
    """The symbols of a file, by a child process under the limits of the settings."""
    limits = Limits(settings.EXTRACT_MEMORY_MB, settings.EXTRACT_SECONDS)
    return symbols_of(data, language, limits=limits)


def _documents(item: Incoming, data: bytes, language: Language) -> list[Incoming]:
    path = item.external_id
    symbols = symbols_in(data, language)
    keys = path_ids(path, symbols)
    return [
        document(path, key, one, language, item.metadata)
        for key, one in zip(keys, symbols, strict=True)
    ]


def path_ids(path: str, symbols: Iterable[Symbol]) -> list[str]:
    """`path:line`; the column too for what is not the first in its line; the path of a file."""
    ids, seen = [], set[int]()
    for one in symbols:
        if one.kind == MODULE:
            ids.append(path)
            continue
        ids.append(f"{path}:{one.line}" + (f":{one.column}" if one.line in seen else ""))
        seen.add(one.line)
    return ids


def document(
    path: str,
    external_id: str,
    symbol: Symbol,
    language: Language,
    metadata: Mapping[str, Any],
    *,
    whole: bool = False,
) -> Incoming:
    """A symbol on its way in; `whole` keeps the bodies of a type's methods in its text."""
    text = symbol.source if whole else symbol.outline
    lines = f"{symbol.line}-{symbol.end_line}" if whole else symbol.lines
    found = {
        "path": path,
        "line": symbol.line,
        "lines": lines if len(lines) <= LINES else "",
        "language": language.key,
        "kind": symbol.kind,
        "name": CONTROL.sub("", symbol.name),
        "signature": CONTROL.sub("", symbol.signature),
        "typed": symbol.typed,
        "binding": symbol.binding,
    }
    facts = {"documented": symbol.documented}
    if symbol.kind != MODULE:
        facts["public"] = symbol.public
    if symbol.kind in (FUNCTION, METHOD):
        facts["async"] = symbol.is_async
    return Incoming(
        external_id,
        body=_tidy(text),
        title=CONTROL.sub("", symbol.name)[:TITLE_LENGTH],
        media_type=language.media_type,
        metadata={**metadata, **{key: value for key, value in found.items() if value}, **facts},
    )


def _tidy(text: str) -> str:
    """Form feeds would count as ends of lines when the text is read."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "")


def of_files(documents: QuerySet[Document], names: Iterable[str]) -> QuerySet[Document]:
    """Those that were made of these files: their own, and those of what stands in them."""
    names = list(names)
    within = Q(metadata__path__in=names, metadata__has_key="language")
    return documents.filter(Q(external_id__in=names) | within)


def remove_gone(collection: Collection, ids: Mapping[str, set[str]]) -> int:
    """Remove the documents of these files whose ids they no longer have; how many went."""
    removed = 0
    for names in batched(ids, FILES):
        rows = of_files(collection.documents.all(), names).values_list(
            "pk", "external_id", "metadata__path"
        )
        gone = [
            pk
            for pk, key, path in rows
            if key not in ids.get(path if isinstance(path, str) else key, {key})
        ]
        if gone:
            removed += purge.delete(collection.documents.filter(pk__in=gone))
    return removed


def finish(collection: Collection, files: Files) -> int:
    """After the adding: what is gone goes, and the files that were taken apart are not kept."""
    removed = remove_gone(collection, files.ids) if files.ids else 0

    def remove_files() -> None:
        storage.remove_unused(files.apart)

    if files.apart:
        transaction.on_commit(remove_files, robust=True)
    return removed
