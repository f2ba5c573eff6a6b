"""What a demo collection is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class DemoDocument:
    """One document, before it is stored."""

    external_id: str
    title: str
    text: str
    media_type: str = "text/plain"
    metadata: dict[str, Any] = field(default_factory=dict)
    picture: bytes = field(default=b"", repr=False)  # in place of the text, where there is one


@dataclass(frozen=True)
class DemoCollection:
    """A collection and the function that makes its documents, in a fixed order."""

    name: str
    description: str
    make: Callable[[], list[DemoDocument]]
    clustered: bool
    words: bool = False  # one a document
    sees: bool = False  # under the demo model that takes pictures
