"""Keyword postings as they are stored: of each term an array of passages, in ascending order.

A posting is eight bytes: how far the passage's id is from the first of the array, how often the
term stands in it, and how many terms it has. The numbers are big-endian, as PostgreSQL sends
its own, so that SQL can write and read them too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

RECORD = np.dtype([("offset", ">i4"), ("frequency", ">i2"), ("length", ">i2")])
MOST = 32_767  # of a frequency or a length; more counts as this
SPAN = 31  # bits of an offset: an array ends where the ids above these bits change

Ids = NDArray[np.int64]
Numbers = NDArray[np.int32]


class Postings(NamedTuple):
    """n postings; each array (n,)."""

    passages: Ids
    frequencies: Numbers
    lengths: Numbers

    def at(self, places: NDArray[Any]) -> "Postings":
        """Those at these places, or where this is true."""
        return Postings(self.passages[places], self.frequencies[places], self.lengths[places])

    def summed(self) -> "Postings":
        """Each passage once, with the sum of its frequencies."""
        passages, first, places = np.unique(self.passages, return_index=True, return_inverse=True)
        sums = np.bincount(places, self.frequencies, len(passages)).astype(np.int32)
        return Postings(passages, sums, self.lengths[first])


class Packed(NamedTuple):
    """Some postings of one term as they are stored: `size` of them, from passage `first` on."""

    term: str
    first: int
    size: int
    data: bytes


def counted(passages: Iterable[tuple[int, Mapping[str, int]]]) -> Iterator[Packed]:
    """The arrays of passages given as (id, {term: frequency}), by term and first passage."""
    numbers: dict[str, int] = {}
    term_numbers: list[int] = []
    frequencies: list[int] = []
    heads: list[tuple[int, int, int]] = []  # id, length, different terms
    for pk, terms in passages:
        heads.append((pk, sum(terms.values()), len(terms)))
        frequencies.extend(terms.values())
        term_numbers.extend([numbers.setdefault(term, len(numbers)) for term in terms])
    if not frequencies:
        return iter(())
    ids, lengths, sizes = np.array(heads, np.int64).T
    made = Postings(
        np.repeat(ids, sizes),
        np.array(frequencies).astype(np.int32),
        np.repeat(np.minimum(lengths, MOST), sizes).astype(np.int32),
    )
    return packed(list(numbers), np.array(term_numbers), made)


def packed(
    terms: Sequence[str], term_numbers: NDArray[np.integer], postings: Postings
) -> Iterator[Packed]:
    """The arrays of postings in any order, of which number i is of `terms[term_numbers[i]]`."""
    by_name = sorted(range(len(terms)), key=terms.__getitem__)
    places = np.empty(len(terms), np.int64)
    places[by_name] = np.arange(len(terms))
    which = places[term_numbers]
    order = np.lexsort((postings.passages, which))
    which, passages = which[order], postings.passages[order]
    high = passages >> SPAN
    new = (which[1:] != which[:-1]) | (high[1:] != high[:-1])
    starts = np.flatnonzero(np.concatenate(([True], new))) if len(order) else order
    counts = np.diff(starts, append=len(order))
    records = np.empty(len(order), RECORD)
    records["offset"] = passages - np.repeat(passages[starts], counts)
    records["frequency"] = np.minimum(postings.frequencies[order], MOST)
    records["length"] = postings.lengths[order]
    data = records.tobytes()
    rows = zip(
        which[starts].tolist(),
        passages[starts].tolist(),
        starts.tolist(),
        counts.tolist(),
        strict=True,
    )
    for place, first, start, count in rows:
        begin = start * RECORD.itemsize
        end = begin + count * RECORD.itemsize
        yield Packed(terms[by_name[place]], first, count, data[begin:end])


def unpacked(
    firsts: Sequence[int] | NDArray[np.int64],
    counts: Sequence[int] | NDArray[np.int64],
    data: Iterable[bytes],
) -> Postings:
    """The postings of some arrays, in the order given."""
    records = np.frombuffer(b"".join(data), RECORD)
    return Postings(
        np.repeat(np.array(firsts, np.int64), counts) + records["offset"],
        records["frequency"].astype(np.int32),
        records["length"].astype(np.int32),
    )
