"""Source code as its functions, methods and classes: where each stands, and what it says.

Python is read by its own `ast`, other languages by tree-sitter. `languages` names the languages
and needs neither; `reading` parses, in a child process where the code is not our own.
"""

from .languages import LANGUAGES, Language, by_media_type, by_name
from .symbols import Symbol

__all__ = ["LANGUAGES", "Language", "Symbol", "by_media_type", "by_name"]
