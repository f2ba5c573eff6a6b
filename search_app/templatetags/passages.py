"""How a passage is named on a page."""

from django import template

register = template.Library()

BETWEEN = " > "  # as `Passage.heading` joins the headings of a path


@register.filter
def below(path: str, title: str) -> str:
    """The heading path of a passage under its document's title, which stands there already."""
    headings = path.split(BETWEEN) if path else []
    if headings[:1] == [title]:
        del headings[0]
    return " › ".join(headings)
