"""Ids from the names of files."""

from collections_app.intake.incoming import CONTROL


def safe_prefix(before: str) -> str:
    """What is put before ids, as `safe_id` leaves it: its end stays, which may be a slash."""
    return safe_id(f"{before}x")[:-1] if before.strip() else ""


def safe_id(name: str) -> str:
    """A file's name as a relative id: no root, no drive, no step upwards, no control characters.

    It is display text only: no file is ever found by it.
    """
    parts = CONTROL.sub("", name).replace("\\", "/").split("/")
    kept = [part.strip() for part in parts if part.strip() not in ("", ".", "..")]
    if len(kept) > 1 and len(kept[0]) == 2 and kept[0].endswith(":"):
        kept = kept[1:]
    return "/".join(kept)
