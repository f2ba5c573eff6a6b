"""The one way in for documents: checked, named, and written in chunks.

`services` and `sources` both stand on it; the caller says how the workers are called.
"""

from collections_app.intake.adding import add_documents
from collections_app.intake.incoming import AddResult, Incoming, Note, Problem
from collections_app.intake.naming import safe_id, safe_prefix
from collections_app.pipeline.detect import media_type

__all__ = [
    "AddResult",
    "Incoming",
    "Note",
    "Problem",
    "add_documents",
    "media_type",
    "safe_id",
    "safe_prefix",
]
