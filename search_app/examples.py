"""Example searches, offered where there is demo content to find."""

from typing import Any

from collections_app.demo import searches
from collections_app.models import Collection, Viewer


def examples(user: Viewer) -> dict[str, Any]:
    """`examples` and the collection they look in, as the pages show them; none without it."""
    visible = Collection.objects.visible_to(user)
    demo = visible.filter(name=searches.COLLECTION).order_by("pk").first()
    return {"examples": searches.EXAMPLES if demo else [], "examples_in": demo}
