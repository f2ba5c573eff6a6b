"""What can be done to content: every write to collections and documents is one of these.

Each function commits its own rows, wakes the workers after the commit, and raises
`Rejected`, with a message for the user, for what it cannot take. Who may do it is the
caller's question (`editable_by`).
"""

from collections_app.intake import AddResult, Incoming, Note, Problem, safe_id, safe_prefix
from collections_app.services.accounts import create_token, operator
from collections_app.services.adding import add_documents
from collections_app.services.code import CodeChoice, CodeFile, add_code
from collections_app.services.collections import (
    create_collection,
    default_model,
    demo_picture_model,
    edit_collection,
    make_default,
)
from collections_app.services.deleting import (
    delete_account,
    delete_collection,
    delete_documents,
)
from collections_app.services.editing import ChangedMeanwhile, edit_document
from collections_app.services.files import NamedPath, add_files, store_blob
from collections_app.services.models import (
    cancel_probe,
    change_model,
    delete_model,
    register,
    request_probe,
    set_aliases,
)
from collections_app.services.progress import Progress, progress
from collections_app.services.queueing import (
    cancel,
    pause,
    reembed,
    reembed_outdated,
    resume,
    retry,
)
from collections_app.services.reading import retry_otherwise
from collections_app.services.sources import (
    cancel_run,
    change_source,
    confirm_run,
    create_source,
    delete_source,
    pause_run,
    request_run,
    resume_run,
    retry_failed,
)
from collections_app.storage import Rejected

__all__ = [
    "AddResult",
    "ChangedMeanwhile",
    "CodeChoice",
    "CodeFile",
    "Incoming",
    "NamedPath",
    "Note",
    "Problem",
    "Progress",
    "Rejected",
    "add_code",
    "add_documents",
    "add_files",
    "cancel",
    "cancel_probe",
    "cancel_run",
    "change_model",
    "change_source",
    "confirm_run",
    "create_collection",
    "create_source",
    "create_token",
    "default_model",
    "delete_account",
    "delete_collection",
    "delete_documents",
    "delete_model",
    "delete_source",
    "demo_picture_model",
    "edit_collection",
    "edit_document",
    "make_default",
    "operator",
    "pause",
    "pause_run",
    "progress",
    "reembed",
    "reembed_outdated",
    "register",
    "request_probe",
    "request_run",
    "resume",
    "resume_run",
    "retry",
    "retry_failed",
    "retry_otherwise",
    "safe_id",
    "safe_prefix",
    "set_aliases",
    "store_blob",
]
