"""Plain text: as it stands."""

from ..extracted import PLAIN, Extracted


def read(body: str) -> Extracted:
    return Extracted(text=body.strip("\n"), media_type=PLAIN)
