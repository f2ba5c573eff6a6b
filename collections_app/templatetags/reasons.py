"""`{{ document.error|in_words }}`: a stored reason in the reader's language."""

from django import template

from collections_app.reasons import in_words

register = template.Library()
register.filter("in_words", in_words)
