"""How a quote looks on a page."""

import re

from django import template

from rag_app.models import Citation

register = template.Library()

LINK = re.compile(r"!?\[([^\[\]]+)\]\([^()\s]*\)")
HEADING = re.compile(r"^#{1,6} +", re.MULTILINE)


@register.filter
def as_read(citation: Citation) -> str:
    """The quote; Markdown's links as their text and its headings bare, as a reader of the
    document sees them. What is stored and what the API gives is the text to the letter."""
    if citation.document.media_type != "text/markdown":
        return citation.quote
    return HEADING.sub("", LINK.sub(r"\1", citation.quote))
