"""Compiles the translations with Babel, so that no gettext has to be installed."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_all(base: Path) -> list[Path]:
    """Compile each `*/locale/*/LC_MESSAGES/*.po` below `base` that is newer than its `.mo`.

    Returns the `.mo` files written. Raises ValueError or PoFileError on a broken catalogue.
    """
    sources = base.glob("*/locale/*/LC_MESSAGES/*.po")
    return [_compile(source) for source in sorted(sources) if _is_stale(source)]


def _is_stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime <= source.stat().st_mtime


def _compile(source: Path) -> Path:
    with source.open("rb") as file:
        catalogue = read_po(file, locale=None, abort_invalid=True)
    fresh = source.with_suffix(".mo.new")
    with fresh.open("wb") as file:
        write_mo(file, catalogue)
    return fresh.replace(source.with_suffix(".mo"))
