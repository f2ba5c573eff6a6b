"""Bringing in files of word vectors: a collection of words under a model that is just these."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from collections_app import storage
from collections_app.batches import batched
from collections_app.intake import Problem, ready
from collections_app.intake.incoming import problem_with_id
from collections_app.intake.ready import Ready
from collections_app.intake.words import MOST_WORDS, ready_word
from collections_app.models import Blob, Collection, EmbeddingModel, Run
from collections_app.pipeline import word_vectors
from collections_app.pipeline.extracted import Unreadable
from collections_app.pipeline.word_vectors import BadWord, Word, WordFile
from collections_app.reasons import in_words
from collections_app.services.collections import create_collection
from collections_app.services.imports import import_file
from collections_app.storage import Rejected

BATCH = 2000
SUFFIXES = (".gz", ".txt", ".vec", ".bin", ".w2v")  # what a name loses to be a collection's
Told = Callable[[int], object]


@dataclass
class Words:
    """What became of a file, or will: its words come in by the `run`, where there is one."""

    collection: Collection
    kind: str  # of the file: text or binary
    dimension: int
    count: int | None  # as the file tells it
    run: Run | None = None
    added: int = 0
    problems: list[Problem] = field(default_factory=list)
    error: str = ""  # where the file is damaged: what stood before is in


def start_words(owner: User, name: str, blob: Blob, called: str = "", most: int = 0) -> Words:
    """Begin a run that brings in the stored file, or its first `most` words.

    `called` is the collection, made where there is none. Raises Rejected for what is no such
    file, and for one that does not fit the collection.
    """
    _check_most(most)
    try:
        with word_vectors.opened(storage.path_of(blob.sha256)) as file:
            with transaction.atomic():
                found = _words(owner, name, called, file, most)
                options = {"reading": "words", "most": most}
                found.run = import_file(found.collection, name, blob, options)
            return found
    except Unreadable as error:
        raise Rejected(in_words(str(error))) from error


def import_words(
    owner: User, path: Path, called: str = "", most: int = 0, told: Told = lambda count: None
) -> Words:
    """Bring in a file of this machine now. A word that is there already gets its new vector.

    `told` hears how many words were read, again and again. A bad word is a Problem and no other
    is lost. Raises Rejected as above.
    """
    _check_most(most)
    try:
        with word_vectors.opened(path) as file:
            found = _words(owner, path.name, called, file, most)
            try:
                _take(found, _first(file, most or MOST_WORDS, found), told)
            except Unreadable as error:
                found.error = in_words(str(error))
    except Unreadable as error:
        raise Rejected(in_words(str(error))) from error
    return found


def _take(found: Words, rows: Iterator[Word | BadWord], told: Told) -> None:
    """In chunks, each in a transaction of its own. Raises Unreadable after the last one."""
    seen: set[str] = set()
    damage: list[Unreadable] = []
    for chunk in batched(_until(rows, damage), BATCH):
        taken = list(_usable(chunk, seen, found.problems))
        with transaction.atomic():
            done = ready.add(found.collection, taken)
        found.problems += done.problems
        found.added += len(done.added) + len(done.changed)
        told(chunk[-1].number)
    if damage:
        raise damage[0]


def _until(rows: Iterator[Word | BadWord], damage: list[Unreadable]) -> Iterator[Word | BadWord]:
    """The rows before the file turns out to be damaged, so that they are not lost."""
    try:
        yield from rows
    except Unreadable as error:
        damage.append(error)


def _first(file: WordFile, most: int, found: Words) -> Iterator[Word | BadWord]:
    for row in file.rows():
        if row.number > most:
            if most == MOST_WORDS:
                found.error = _(
                    "The file has more words than can be taken: the first %(most)d were."
                ) % {"most": MOST_WORDS}
            return
        yield row


def _usable(rows: list[Word | BadWord], seen: set[str], problems: list[Problem]) -> Iterator[Ready]:
    for row in rows:
        if isinstance(row, BadWord):
            shown = row.shown.strip() or _("word %(number)d") % {"number": row.number}
            problems.append(Problem(shown, in_words(row.reason)))
        elif message := problem_with_id(row.word):
            problems.append(Problem(repr(row.word), message))
        elif row.word in seen:
            problems.append(Problem(row.word, _("Another item has the same id.")))
        else:
            seen.add(row.word)
            yield ready_word(row.word, row.vector)


def _check_most(most: int) -> None:
    if not 0 <= most <= MOST_WORDS:
        raise Rejected(_("So many words can be taken: 1 to %(most)d.") % {"most": MOST_WORDS})


def _words(owner: User, name: str, called: str, file: WordFile, most: int) -> Words:
    """Raises Rejected for too many words, and for a collection that these cannot go into."""
    if file.count is not None and file.count > MOST_WORDS and not most:
        raise Rejected(
            _("The file has %(count)d words; the most is %(most)d. Take only the first of them.")
            % {"count": file.count, "most": MOST_WORDS}
        )
    collection = _collection(owner, called.strip() or _stem(name), file.dimension)
    return Words(collection, file.kind, file.dimension, file.count)


def _stem(name: str) -> str:
    stem = Path(name).name
    while stem.lower().endswith(SUFFIXES) and stem.rpartition(".")[0]:
        stem = stem.rpartition(".")[0]
    return stem[:200] or _("word vectors")


@transaction.atomic
def _collection(owner: User, name: str, dimension: int) -> Collection:
    found = Collection.objects.filter(owner=owner, name=name).first()
    if found and not found.embedding_model.fixed:
        raise Rejected(
            _("You have a collection of this name that came otherwise. Rename one of them.")
        )
    if found and found.embedding_model.dimension != dimension:
        raise Rejected(
            _(
                "Vectors in “%(name)s” have %(known)d numbers, those of the file %(count)d. "
                "Give the collection another name."
            )
            % {"name": name, "known": found.embedding_model.dimension, "count": dimension}
        )
    return found or _made(owner, name, dimension)


def _made(owner: User, name: str, dimension: int) -> Collection:
    """Under a model of its own: vectors of two files have nothing to do with each other. Its name
    tells nothing of the collection's, which may be private."""
    model = EmbeddingModel.objects.create(
        name=f"words-{uuid.uuid4().hex}",
        backend=EmbeddingModel.Backend.FIXED,
        ref="words",
        dimension=dimension,
        normalised=False,
    )
    collection = create_collection(
        owner,
        name,
        model=model,
        language=Collection.Language.SIMPLE,
        word_list=True,
        although_unusable=True,
    )
    model.name = f"words-{collection.pk}"
    model.save(update_fields=["name"])
    return collection
