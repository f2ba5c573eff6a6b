"""Words by their vectors: what is near to one, sums and differences of several.

Vectors are brought to unit length, added and taken away, and words are ranked by their cosine with
the sum (3CosAdd: Mikolov, Yih and Zweig 2013; Levy and Goldberg 2014).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from collections_app import services, vectors
from collections_app.demo import words as word_list
from collections_app.intake.incoming import ID_LENGTH
from collections_app.models import Collection, Document, EmbeddingModel, Viewer, long_columns
from collections_app.services import Incoming, Rejected
from search_app.analysis import plane
from search_app.asking import UNREADABLE
from search_app.hits import passages_by_id
from search_app.queries import documents
from search_app.queries.scope import Scope
from search_app.queries.vectors import nearest

MOST_TERMS = 20
MOST_NEAR = 100
DRAWN = 6  # of the nearest words
NOTHING = 1e-6  # a sum shorter than this has no direction


@dataclass(frozen=True)
class Term:
    """A word that is added or taken away; without a document it was embedded on the spot."""

    word: str
    vector: np.ndarray  # float32, (dimension,), length 1
    document: Document | None = None


@dataclass(frozen=True)
class Near:
    """A word and its cosine with the sum."""

    document: Document
    score: float


@dataclass(frozen=True)
class Found:
    collection: Collection
    plus: list[Term]
    minus: list[Term]
    near: list[Near]
    plane: plane.Plane


def collections(user: Viewer) -> QuerySet[Collection]:
    """Lists of words and word vectors that the user may see."""
    rows = Collection.objects.visible_to(user).filter(word_list=True)
    return rows.select_related("embedding_model").order_by("name", "pk")


def arithmetic(
    user: Viewer,
    collection: Collection,
    plus: Sequence[str],
    minus: Sequence[str] = (),
    *,
    limit: int = 10,
    inputs: bool = False,
) -> Found:
    """The words nearest to the sum, best first; the words that were given are among them only
    with `inputs`.

    Raises Rejected: no words, too many, one that is not there and cannot be embedded, or words
    that cancel each other out; and ModelMissing.
    """
    if not collection.is_visible_to(user):
        raise Rejected(_("There is no such collection that you may see."))
    plus, minus = _checked(plus, minus)
    terms = _terms(collection, [*plus, *minus])
    added, taken = [terms[word] for word in plus], [terms[word] for word in minus]
    total = np.sum([one.vector for one in added], axis=0) - np.sum(
        [one.vector for one in taken], axis=0
    )
    length = float(np.linalg.norm(total))
    if length < NOTHING:
        raise Rejected(_("These words cancel each other out: there is nothing left to look for."))
    known = {one.document.pk for one in terms.values() if one.document}
    near = _near(collection, total / length, limit, set() if inputs else known)
    # As it is where its weights add up to one: then the arrows of a + b - c are alike.
    drawn = total if len(added) - len(taken) == 1 else total / length
    return Found(collection, added, taken, near, _plane(added, taken, drawn, near, known))


def make(owner: User, name: str, model: EmbeddingModel) -> Collection:
    """A collection of the site's list of common English words under this model; workers embed
    them. Raises Rejected."""
    collection = services.create_collection(
        owner,
        name,
        model=model,
        word_list=True,
        description=_("Common English words, for sums and differences of meanings."),
    )
    services.add_documents(
        collection,
        (
            Incoming(one.external_id, body=one.text, title=one.title)
            for one in word_list.documents()
        ),
    )
    return collection


def _checked(plus: Iterable[str], minus: Iterable[str]) -> tuple[list[str], list[str]]:
    cleaned = [[UNREADABLE.sub(" ", one).strip() for one in words] for words in (plus, minus)]
    added, taken = ([one for one in words if one] for words in cleaned)
    if not added and not taken:
        raise Rejected(_("There is no word to start from. Enter one."))
    if len(added) + len(taken) > MOST_TERMS:
        raise Rejected(_("These are too many words; the most is %(most)d.") % {"most": MOST_TERMS})
    if any(len(one) > ID_LENGTH for one in chain(added, taken)):
        raise Rejected(_("A word has at most %(most)d characters.") % {"most": ID_LENGTH})
    return added, taken


def _terms(collection: Collection, words: Sequence[str]) -> dict[str, Term]:
    """Each word once, as the collection has it, or else embedded. Raises Rejected."""
    known = _known(collection, words)
    model = collection.embedding_model
    unknown = [word for word in dict.fromkeys(words) if word not in known]
    if unknown and model.fixed:
        raise Rejected(
            _(
                "“%(word)s” is not among the words of “%(name)s”, and a fixed set of vectors "
                "cannot embed another one. Try another spelling."
            )
            % {"word": unknown[0], "name": collection.name}
        )
    made = list(vectors.embed(model, unknown, "passage")) if unknown else []
    for word, vector in zip(unknown, made, strict=True):
        length = float(np.linalg.norm(vector))
        if not length:
            raise Rejected(_("The model knows nothing of “%(word)s”.") % {"word": word})
        known[word] = Term(word, vector / length)
    return known


def _known(collection: Collection, words: Sequence[str]) -> dict[str, Term]:
    """The words that the collection has, as they are written or in another case."""
    spellings = {word: _spellings(word) for word in words}
    rows = Document.objects.filter(
        collection=collection,
        state=Document.State.READY,
        external_id__in={one for found in spellings.values() for one in found},
    ).defer(*long_columns())
    there = {row.external_id: row for row in rows}
    found = {}
    for word, written in spellings.items():
        document = next((there[one] for one in written if one in there), None)
        vector = documents.vector_of(document) if document else None
        if document is not None and vector is not None:
            found[word] = Term(document.external_id, vector, document)
    return found


def _spellings(word: str) -> list[str]:
    found = [word, word.lower(), word.capitalize(), word.title(), word.upper()]
    return [*found, *(one.replace(" ", "_") for one in found if " " in one)]


def _near(collection: Collection, vector: np.ndarray, limit: int, without: set[int]) -> list[Near]:
    model, scope = collection.embedding_model, Scope((collection.pk,))
    found = nearest(scope, model, vector.astype(np.float32), limit + len(without))
    rows = passages_by_id(found.passages.tolist())
    best: dict[int, Near] = {}
    for pk, cosine in zip(found.passages.tolist(), found.cosines.tolist(), strict=True):
        if pk in rows and rows[pk].document_id not in {*without, *best}:
            best[rows[pk].document_id] = Near(rows[pk].document, cosine)
    return list(best.values())[:limit]


def _plane(
    plus: list[Term], minus: list[Term], total: np.ndarray, near: list[Near], known: set[int]
) -> plane.Plane:
    shown = [one for one in near if one.document.pk not in known][:DRAWN]
    around = [documents.vector_of(one.document) for one in shown]
    beside = [one for one in zip(shown, around, strict=True) if one[1] is not None]
    width = len(total)
    return plane.draw(
        np.array([one.vector for one in plus]).reshape(-1, width),
        np.array([one.vector for one in minus]).reshape(-1, width),
        total,
        np.array([vector for _one, vector in beside]).reshape(-1, width),
        [one.word for one in [*plus, *minus]] + [one.document.external_id for one, _v in beside],
    )


def named(user: Viewer, name: str) -> Collection | None:
    """The word list of this name, one's own before others."""
    mine = Q(owner_id=user.pk) if user.is_authenticated else Q(pk=None)
    rows = collections(user).filter(name=name)
    return rows.filter(mine).first() or rows.first()
