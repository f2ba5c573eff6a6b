"""Collections that a request may change, with what pages and API tell of their models."""

from django.shortcuts import get_object_or_404

from collections_app.models import Collection, Viewer


def editable(user: Viewer, pk: int) -> Collection:
    """One of the user's own, with its owner and its embedding model. Raises Http404."""
    rows = Collection.objects.editable_by(user).select_related("owner", "embedding_model")
    return get_object_or_404(rows, pk=pk)
