"""How long the passages of a collection may be, and how much they may overlap."""

from django.utils.translation import gettext as _

from collections_app.models import Collection
from collections_app.pipeline.split import MIN_LIMIT, MOST_OVERLAP


def problem_with_passages(collection: Collection) -> str:
    """What is wrong with its passage length or overlap; empty when nothing is."""
    limit = collection.embedding_model.token_limit
    tokens, overlap = collection.passage_tokens, collection.passage_overlap
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
