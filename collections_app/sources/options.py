"""The options of each kind of source: their names, types and defaults."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from collections_app.storage import Rejected
from collections_app.texts import UNSTORABLE

TEXT_LENGTH = 20_000  # characters: a query may be long
MOST_CHARS = 1_000_000  # of a list or an object: a plan names up to a thousand columns


@dataclass(frozen=True)
class Option:
    """One option. `type` is str, int, bool, list or dict; `choices` are all it may be."""

    name: str
    type: type = str
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 1_000_000


def clean(known: tuple[Option, ...], given: dict[str, Any]) -> dict[str, Any]:
    """`given` with defaults in place. Raises Rejected for what is unknown, missing or wrong."""
    if not isinstance(given, dict):
        raise Rejected(_("The options must be an object of names and values."))
    unknown = sorted(set(given) - {option.name for option in known})
    if unknown:
        raise Rejected(
            _("There is no option “%(name)s” for this kind of source. It has: %(known)s.")
            % {
                "name": unknown[0],
                "known": ", ".join(option.name for option in known) or _("none"),
            }
        )
    return {option.name: _value(option, given.get(option.name)) for option in known}


def _value(option: Option, value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        if option.required:
            raise Rejected(_("The option “%(name)s” is missing.") % {"name": option.name})
        return option.type() if option.default is None else option.default
    if not isinstance(value, option.type) or (option.type is int and isinstance(value, bool)):
        raise Rejected(
            _("The option “%(name)s” must be %(type)s.")
            % {"name": option.name, "type": _type_name(option.type)}
        )
    _check(option, value)
    return value


def _check(option: Option, value: Any) -> None:
    if option.choices and value not in option.choices:
        raise Rejected(
            _("The option “%(name)s” must be one of: %(choices)s.")
            % {"name": option.name, "choices": ", ".join(option.choices)}
        )
    if _is_unstorable(value):
        raise Rejected(
            _("The option “%(name)s” is too long, or has NUL characters in it.")
            % {"name": option.name}
        )
    if option.type is int and not option.least <= value <= option.most:
        raise Rejected(
            _("The option “%(name)s” must be from %(least)d to %(most)d.")
            % {"name": option.name, "least": option.least, "most": option.most}
        )


def _is_unstorable(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) > TEXT_LENGTH or bool(UNSTORABLE.search(value))
    if not isinstance(value, list | dict):
        return False
    written = json.dumps(value, ensure_ascii=False)
    return len(written) > MOST_CHARS or "\\u0000" in written or bool(UNSTORABLE.search(written))


def _type_name(kind: type) -> str:
    names = {
        str: _("a text"),
        int: _("a whole number"),
        bool: _("true or false"),
        list: _("a list"),
        dict: _("an object"),
    }
    return names[kind]
