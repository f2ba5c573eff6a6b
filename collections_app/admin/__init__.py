"""The admin of content. What changes content goes through `services`, as everywhere.

Posting lists are not here: Django's admin takes no composite keys, and they only repeat passages.
"""

from collections_app.admin import accounts, changing, content, sources, vectors

__all__ = ["accounts", "changing", "content", "sources", "vectors"]
