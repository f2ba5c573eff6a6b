"""Probes of embedding models, as a queue of record: what a worker does with one.

The web process loads no candidate: it asks for a probe, and shows what came of it.
"""

import logging
import uuid
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from collections_app import encoders, vectors
from collections_app.ingest.claim import Lease, lease_end
from collections_app.models import Collection, EmbeddingModel, ModelChange, Probe, Vector

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 2  # a model that kills its worker twice has failed
ERROR_LENGTH = 2000
OPEN = (Probe.State.QUEUED, Probe.State.RUNNING)


class _Lost(Exception):  # noqa: N818 - a statement about the claim
    """The probe was cancelled, or is another worker's by now."""


def in_use() -> QuerySet[EmbeddingModel]:
    """Models that a collection has or had, or that stored vectors were made with."""
    model = OuterRef("pk")
    return EmbeddingModel.objects.filter(
        Exists(Collection._base_manager.filter(embedding_model=model))
        | Exists(ModelChange.objects.filter(Q(old=model) | Q(new=model)))
        | Exists(Vector.objects.filter(model=model))
    )


def waiting() -> QuerySet[Probe]:
    """Probes that a worker may take now."""
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    return Probe.objects.filter(free, state__in=OPEN, attempts__lt=MOST_ATTEMPTS)


def sweep() -> bool:
    """Give up probes whose workers died; True when some wait."""
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    for probe in Probe.objects.filter(free, state__in=OPEN, attempts__gte=MOST_ATTEMPTS):
        reason = (
            f"The worker stopped {MOST_ATTEMPTS} times while it tried this model. Its log may say "
            "why: it may need more memory than there is."
        )
        _failed(probe, reason)
    return waiting().exists()


def work() -> None:
    """Try every model that waits for it."""
    while probe := claim():
        run(probe)


@transaction.atomic
def claim(model_id: int | None = None) -> Probe | None:
    """The oldest probe that waits, or that of this model, with a fresh token and lease."""
    rows = waiting() if model_id is None else waiting().filter(model=model_id)
    found = rows.order_by("pk").select_for_update(skip_locked=True, of=("self",)).first()
    if found is None:
        return None
    Probe.objects.filter(pk=found.pk).update(
        state=Probe.State.RUNNING,
        attempts=F("attempts") + 1,
        claim_token=uuid.uuid4(),
        lease_until=lease_end(),
        started=Now(),
        step="",
    )
    return Probe.objects.select_related("model").get(pk=found.pk)


def run(probe: Probe) -> None:
    """See the probe through; its outcome stands in the row and in that of the model."""

    def at(step: str) -> None:
        if not _mine(probe).update(step=step):
            raise _Lost

    model = probe.model
    try:
        with Lease(lambda: _mine(probe).update(lease_until=lease_end())):
            report = encoders.probe(
                vectors.spec(model),
                Path(settings.MODELS_DIR),
                settings.EMBED_ENGINE,
                settings.EMBED_BATCH_TOKENS,
                at,
            )
        _passed(probe, report)
    except _Lost:
        logger.info("The probe of %s was cancelled.", model)
    except (encoders.ModelMissing, encoders.Failed) as error:
        _failed(probe, str(error))
    except DatabaseError:
        raise  # the lease runs out
    except Exception as error:  # whatever a broken folder makes the libraries raise
        logger.exception("The model %s cannot be tried.", model)
        _failed(probe, f"The model cannot be loaded: {error!r}")


def _mine(probe: Probe) -> QuerySet[Probe]:
    rows = Probe.objects.filter(pk=probe.pk, state__in=OPEN)
    return rows.filter(claim_token=probe.claim_token)


@transaction.atomic
def _passed(probe: Probe, report: encoders.Report) -> None:
    model = EmbeddingModel.objects.select_for_update().get(pk=probe.model_id)
    dimension = model.truncate_dimension or report.dimension
    used = in_use().filter(pk=model.pk).exists()
    if used and model.dimension and dimension != model.dimension:
        _failed(
            probe,
            f"The model gives {dimension} numbers now, but stored vectors of it have "
            f"{model.dimension}. Register it anew, under another name.",
        )
        return
    # The page, the API and the command say the length of the vectors that are stored.
    found = asdict(report) | {"dimension": dimension, "full_dimension": report.dimension}
    state = {"state": Probe.State.PASSED, "found": found, "error": "", "finished": Now()}
    if not _mine(probe).update(**state):
        return
    model.dimension = dimension
    model.token_limit = model.token_limit or report.token_limit
    if not (used or model.query_prefix or model.passage_prefix):
        model.query_prefix, model.passage_prefix = report.query_prefix, report.passage_prefix
    text, picture = EmbeddingModel.Modality.TEXT, EmbeddingModel.Modality.PICTURE
    model.modalities = [text, picture] if report.pictures else [text]
    model.state = EmbeddingModel.State.USABLE
    model.away_until, model.away_reason = None, ""
    model.save()


@transaction.atomic
def _failed(probe: Probe, reason: str) -> None:
    reason = reason.replace("\x00", "")[:ERROR_LENGTH]
    ended = _mine(probe).update(state=Probe.State.FAILED, error=reason, finished=Now())
    if ended:
        failed = EmbeddingModel.State.FAILED
        EmbeddingModel.objects.filter(pk=probe.model_id).update(state=failed)
