"""Documents whose passages under the model beside are made: what can be compared meanwhile."""

from collections_app.models import ModelChange
from search_app.queries.scope import Condition

_MADE = """
EXISTS (
    SELECT FROM collections_app_shadow shadow
    WHERE shadow.document_id = document.id AND shadow.state = 'done'
)
"""


def made(change: ModelChange) -> Condition | None:
    """Of a change that is being built; None for one that has all it will have."""
    return Condition(_MADE) if change.state == ModelChange.State.BUILDING else None
