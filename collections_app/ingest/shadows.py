"""What a change of the model asks of ingest: nothing may be committed under a model that is
no longer the collection's, and what is written is queued for the model kept beside it.

Commits share an advisory lock of each collection, and a switch takes it for itself: it waits
for commits on their way, and none begins under a model that has just changed.
"""

from collections.abc import Iterable

from django.db import connection

from collections_app.models import Collection, ModelChange

_LOCK = "embedsite: model of "
_SHARE = """
SELECT pg_advisory_xact_lock_shared(hashtextextended(%s || id, 0)) FROM unnest(%s::bigint[]) AS id
"""
_HOLD = "SELECT pg_advisory_xact_lock(hashtextextended(%s || %s::text, 0))"
_QUEUE = """
INSERT INTO collections_app_shadow AS shadow
    (document_id, change_id, state, tokens, attempts, error, error_stage, error_place)
SELECT document.id, change.id, 'queued', 0, 0, '', '', '{}'
FROM collections_app_document document
JOIN collections_app_modelchange change
  ON change.collection_id = document.collection_id AND change.state = ANY(%s)
WHERE document.id = ANY(%s)
ORDER BY document.id
ON CONFLICT (document_id) DO UPDATE SET
    change_id = EXCLUDED.change_id, state = 'queued', tokens = 0, attempts = 0,
    not_before = NULL, claim_token = NULL, lease_until = NULL,
    error = '', error_stage = '', error_place = '{}', done_at = NULL
"""


def models_of(collection_ids: Iterable[int]) -> dict[int, int]:
    """The embedding model of each collection, which stays until the transaction ends."""
    ids = sorted(set(collection_ids))
    with connection.cursor() as cursor:
        cursor.execute(_SHARE, [_LOCK, ids])
    rows = Collection._base_manager.filter(pk__in=ids)
    return dict(rows.values_list("pk", "embedding_model"))


def hold(collection_id: int) -> None:
    """Nobody else commits passages of the collection until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [_LOCK, collection_id])


def queue(document_ids: Iterable[int]) -> None:
    """Ask for these documents' passages under the model beside theirs, where there is one."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, [list(ModelChange.KEPT_UP), list(document_ids)])
