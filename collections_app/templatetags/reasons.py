"""Stored reasons, stages and places in the reader's language.

`{{ document.error|in_words }}`, `{{ document.error_stage|failed_at }}`,
`{{ document.error_place|place }}`, `{{ document.format|format_name }}`,
`{% for name, time in document|reached %}`.
"""

from django import template

from collections_app.format_names import format_name
from collections_app.reasons import in_words
from collections_app.stages import failed_at, place_in_words, reached

register = template.Library()
register.filter("in_words", in_words)
register.filter("failed_at", failed_at)
register.filter("format_name", format_name)
register.filter("place", place_in_words)
register.filter("reached", reached)
