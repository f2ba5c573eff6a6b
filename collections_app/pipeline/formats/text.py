"""Plain text: as it stands."""

from ..extracted import PLAIN, Extracted


def read(body: str) -> Extracted:
    start = len(body) - len(body.lstrip("\n"))
    return Extracted(text=body.strip("\n"), media_type=PLAIN, first_line=start + 1)
