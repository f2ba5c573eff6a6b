"""What a demo collection is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DemoDocument:
    """One document, before it is stored."""

    external_id: str
    title: str
    text: str
    media_type: str = "text/plain"
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DemoCollection:
    """A collection and the function that makes its documents, in a fixed order."""

    name: str
    description: str
    make: Callable[[], list[DemoDocument]]
    clustered: bool
