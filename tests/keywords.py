"""The postings that hold, read the plain way."""

import numpy as np

from collections_app.models import CorpusChange, PostingList
from collections_app.pipeline.postings import unpacked


def postings() -> dict[int, dict[str, int]]:
    """{passage: {term: frequency}} of all collections, without passages that are gone."""
    void = {
        int(pk)
        for change in CorpusChange.objects.all()
        for pk in np.frombuffer(bytes(change.void), ">i8")
    }
    found: dict[int, dict[str, int]] = {}
    for row in PostingList.objects.all():
        ids, frequencies, _lengths = unpacked([row.first], [row.count], [row.data])
        for pk, frequency in zip(ids.tolist(), frequencies.tolist(), strict=True):
            if pk not in void:
                assert row.term not in found.setdefault(pk, {})
                found[pk][row.term] = frequency
    return found
