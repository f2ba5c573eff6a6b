"""What can be done to content: every write to collections and documents is one of these.

Each function commits its own rows, wakes the workers after the commit, and raises
`Rejected`, with a message for the user, for what it cannot take. Who may do it is the
caller's question (`editable_by`).
"""

from collections_app.intake import AddResult, Incoming, Note, Problem, safe_id
from collections_app.services.accounts import create_token, operator
from collections_app.services.adding import add_documents
from collections_app.services.collections import (
    create_collection,
    default_model,
    make_default,
)
from collections_app.services.deleting import (
    delete_account,
    delete_collection,
    delete_documents,
)
from collections_app.services.editing import ChangedMeanwhile, edit_document
from collections_app.services.files import NamedPath, add_files, store_blob
from collections_app.services.progress import Progress, progress
from collections_app.services.queueing import reembed, reembed_outdated, retry
from collections_app.storage import Rejected

__all__ = [
    "AddResult",
    "ChangedMeanwhile",
    "Incoming",
    "NamedPath",
    "Note",
    "Problem",
    "Progress",
    "Rejected",
    "add_documents",
    "add_files",
    "create_collection",
    "create_token",
    "default_model",
    "delete_account",
    "delete_collection",
    "delete_documents",
    "edit_document",
    "make_default",
    "operator",
    "progress",
    "reembed",
    "reembed_outdated",
    "retry",
    "safe_id",
    "store_blob",
]
