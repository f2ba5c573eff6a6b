"""What one search reads: collections the reader may see, and what a filter leaves of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Condition:
    """A boolean SQL expression over the alias `document`, and its named parameters."""

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """Collections by id, and a filter that left few passages (`passages`, sorted ids: read
    exactly these, which are of so many `documents`) or many (`condition`: read on until enough
    of what was found meets it; of `documents` it is known then that there are so many)."""

    collections: tuple[int, ...]
    passages: NDArray[np.int64] | None = None
    condition: Condition | None = None
    documents: int | None = None
    # Of the passages with what is asked, (n,), where they were read along; NaN: there is no vector.
    cosines: NDArray[np.float64] | None = None
    kind: str = ""  # of `queries.kinds`, where the model tells texts from pictures
