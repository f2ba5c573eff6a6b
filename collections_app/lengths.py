"""How long passages may be, and how much they may overlap."""

from django.utils.translation import gettext as _

from collections_app.models import EmbeddingModel
from collections_app.pipeline.split import MIN_LIMIT, MOST_OVERLAP


def problem_with_passages(model: EmbeddingModel, tokens: int | None, overlap: int | None) -> str:
    """What is wrong with a passage length or overlap under the model; empty when nothing is."""
    limit = model.token_limit
    if tokens is not None and not MIN_LIMIT <= tokens <= limit:
        return _(
            "The passage length is %(tokens)d tokens; this model takes from %(least)d to %(most)d."
        ) % {"tokens": tokens, "least": MIN_LIMIT, "most": limit}
    most = (tokens or limit) // MOST_OVERLAP
    if overlap is not None and not 0 <= overlap <= most:
        return _(
            "The passage overlap is %(overlap)d tokens; the most is %(most)d, "
            "a quarter of the length."
        ) % {"overlap": overlap, "most": most}
    return ""
