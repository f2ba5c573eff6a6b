"""How a quote looks on a page."""

from django import template

from collections_app.pipeline.extracted import MARKDOWN
from collections_app.pipeline.plain import plain
from rag_app.models import Citation

register = template.Library()


@register.filter
def as_read(citation: Citation) -> str:
    """The quote as a reader of the document sees it, without Markdown's marks. What is stored
    and what the API gives is the text to the letter."""
    is_markdown = citation.document.media_type == MARKDOWN
    return plain(citation.quote) if is_markdown else citation.quote
