"""What becomes of documents that were read and encoded for the model beside."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from collections_app.changes.queue import SET_ASIDE
from collections_app.ingest import shadows
from collections_app.ingest.encode import Vectors
from collections_app.ingest.finish import bound_idleness, clear, write
from collections_app.ingest.read import Reading
from collections_app.ingest.states import BACKOFF_SECONDS, ERROR_LENGTH, RELEASED
from collections_app.models import Document, EmbeddingModel, ModelChange, Passage, Shadow

OTHER_TEXT = (
    "The document is read otherwise now than when it was embedded. Embed it again; what stands "
    "beside then follows."
)
_DONE = """
UPDATE collections_app_shadow AS shadow SET
    state = 'done', tokens = made.tokens, done_at = clock_timestamp(), attempts = 0,
    not_before = NULL, claim_token = NULL, lease_until = NULL,
    error = '', error_stage = '', error_place = '{}'
FROM unnest(%s::bigint[], %s::int[]) AS made(id, tokens) WHERE shadow.document_id = made.id
"""


class Beside:
    """Passages beside those that are searched, and the `Shadow` that says so."""

    def __init__(self) -> None:
        self._claimed: dict[int, Shadow] = {}

    def hold(self, claimed: Sequence[Shadow]) -> None:
        """Rows of a new claim; those of the claim before are still on their way."""
        self._claimed |= {row.document_id: row for row in claimed}

    def finish(
        self, model: EmbeddingModel, readings: Sequence[Reading], found: Vectors
    ) -> list[Reading]:
        same = []
        for one in readings:
            if one.text == one.document.text:
                same.append(one)
            else:
                self.set_aside(one.document, "extract", OTHER_TEXT)
        return self._commit(model, same, found)

    @transaction.atomic
    def _commit(
        self, model: EmbeddingModel, readings: Sequence[Reading], found: Vectors
    ) -> list[Reading]:
        """Those whose content is what was read, and whose claim and change still stand."""
        bound_idleness()
        shadows.models_of(one.document.collection_id for one in readings)
        ids = [one.document.pk for one in readings]
        documents = Document.objects.filter(pk__in=ids, state=Document.State.READY).order_by("pk")
        revisions = dict(documents.select_for_update(no_key=True).values_list("pk", "revision"))
        rows = Shadow.objects.filter(
            pk__in=ids,
            claim_token__in={self._claimed[pk].claim_token for pk in ids},
            change__beside=model,
            change__state__in=ModelChange.KEPT_UP,
        )
        held = rows.order_by("pk").select_for_update(of=("self",))
        mine = set(held.values_list("pk", flat=True))
        kept = [
            one
            for one in readings
            if one.document.pk in mine and revisions.get(one.document.pk) == one.document.revision
        ]
        if kept:
            done = [one.document.pk for one in kept]
            clear(Passage.objects.filter(document__in=done, model=model))
            write(model, kept, found)
            self._note(kept)
        late = mine - {one.document.pk for one in kept}
        Shadow.objects.filter(pk__in=late).update(**RELEASED, attempts=0)
        return kept

    @staticmethod
    def _note(kept: Sequence[Reading]) -> None:
        rows = [(one.document.pk, sum(part.span.token_count for part in one.parts)) for one in kept]
        with connection.cursor() as cursor:
            cursor.execute(_DONE, [list(column) for column in zip(*rows, strict=True)])

    def set_aside(
        self,
        document: Document,
        stage: str,
        reason: str,
        place: Mapping[str, object] | None = None,
    ) -> None:
        """Give it up under this model alone: it stays as it is under that which is searched."""
        self._update(document, SET_ASIDE, stage, reason, place)

    def postpone(
        self,
        document: Document,
        stage: str,
        reason: str,
        place: Mapping[str, object] | None = None,
    ) -> None:
        attempts = self._claimed[document.pk].attempts
        if attempts >= settings.MAX_ATTEMPTS:
            self.set_aside(document, stage, reason, place)
            return
        wait = timedelta(seconds=BACKOFF_SECONDS * 4 ** (attempts - 1))
        changes = RELEASED | {"not_before": Now() + wait}
        self._update(document, changes, stage, reason, place)

    def release(self, document: Document, reason: str) -> None:
        """Its model was away: no attempt is counted."""
        attempts = max(self._claimed[document.pk].attempts - 1, 0)
        self._update(document, RELEASED | {"attempts": attempts}, "embed", reason, None)

    def committed(self, readings: Sequence[Reading]) -> None:
        """Nothing that is searched has changed."""

    def _update(
        self,
        document: Document,
        changes: Mapping[str, object],
        stage: str,
        reason: str,
        place: Mapping[str, object] | None,
    ) -> None:
        row = self._claimed[document.pk]
        Shadow.objects.filter(pk=row.pk, claim_token=row.claim_token).update(
            **changes,
            error=reason.replace("\x00", "")[:ERROR_LENGTH],
            error_stage=stage,
            error_place=dict(place or {}),
        )
