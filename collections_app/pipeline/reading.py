"""What the child process does with a file: its reader is found, and its text packed up."""

from importlib import import_module
from typing import Any

from .extracted import (
    DOCX,
    EMAIL,
    EPUB,
    HTML,
    NOTEBOOK,
    ODT,
    PDF,
    PPTX,
    RTF,
    XLSX,
    Unreadable,
)

# Imported when first wanted, so that a child that reads mail has no PDF reader in its memory.
READERS = {
    PDF: "pdf",
    DOCX: "docx",
    PPTX: "pptx",
    XLSX: "xlsx",
    ODT: "odt",
    EPUB: "epub",
    RTF: "rtf",
    EMAIL: "mail",
    NOTEBOOK: "notebook",
    HTML: "html",
}


def packed(data: bytes, kind: str, max_chars: int) -> dict[str, Any]:
    """The Extracted of `data`, as JSON holds it."""
    reader = import_module(f"{__package__}.formats.{READERS[kind]}")
    found = reader.read(data, max_chars)
    if not found.text.strip():
        raise Unreadable("No text was found in it. Choose a file that has words in it.")
    values: dict[str, Any] = found.packed()
    return values
