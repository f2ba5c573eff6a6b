"""Docstrings of the standard library: modules, public classes, functions and methods."""

import builtins
import importlib
import inspect
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

from collections_app.demo.documents import DemoDocument

LIMIT = 4000
# Modules that can be imported without any effect.
_MODULES = Path(__file__).with_name("modules.txt")
_SHORTEST = 40  # characters of docstring; less says nothing that the name does not


def documents() -> list[DemoDocument]:
    """Documents in the order of their ids, the same on every run of one Python."""
    found: dict[str, DemoDocument] = {}
    seen: set[str] = set()
    for name, kind, thing in _things():
        document = _document(name, kind, thing)
        if document and document.text not in seen and name not in found:
            seen.add(document.text)
            found[name] = document
    kept = sorted(found.values(), key=_importance)[:LIMIT]
    return sorted(kept, key=lambda document: document.external_id)


def _importance(document: DemoDocument) -> tuple[bool, int, str]:
    """Methods are left out first, and of those the ones that say least."""
    is_method = document.metadata["kind"] == "method"
    return is_method, -len(document.text), document.external_id


def _things() -> Iterator[tuple[str, str, object]]:
    seen: set[int] = set()
    for module in _modules():
        yield module.__name__, "module", module
        for name, thing in _public(module):
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            path = name if module is builtins else f"{module.__name__}.{name}"
            if not inspect.isclass(thing):
                yield path, "function", thing
                continue
            yield path, "class", thing
            for method, function in _methods(thing):
                yield f"{path}.{method}", "method", function


def _modules() -> Iterator[types.ModuleType]:
    """The modules of the list that this Python has; some are gone in newer ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _MODULES.read_text(encoding="utf-8").split():
            try:
                yield importlib.import_module(name)
            except ImportError:
                continue


def _public(module: types.ModuleType) -> list[tuple[str, object]]:
    """Classes and functions that the module offers as its own."""
    names = getattr(module, "__all__", None)
    listed = sorted(names) if names else [name for name in dir(module) if name[0] != "_"]
    pairs = [(name, getattr(module, name, None)) for name in listed]
    return [
        (name, thing)
        for name, thing in pairs
        if (inspect.isclass(thing) or inspect.isroutine(thing))
        and (names or getattr(thing, "__module__", None) == module.__name__)
    ]


def _methods(thing: type) -> list[tuple[str, object]]:
    """Public methods that the class itself defines."""
    return [
        (name, member)
        for name, member in sorted(vars(thing).items())
        if name[0] != "_" and (inspect.isroutine(member) or isinstance(member, property))
    ]


def _document(name: str, kind: str, thing: object) -> DemoDocument | None:
    doc = getattr(thing, "__doc__", None)
    if not isinstance(doc, str) or len(doc.strip()) < _SHORTEST:
        return None
    text = f"{name}{_signature(thing)}\n\n{inspect.cleandoc(doc)}\n"
    return DemoDocument(
        external_id=name,
        title=name,
        text=text,
        metadata={"kind": kind},
    )


def _signature(thing: object) -> str:
    """`(a, b=1)`, or nothing for modules and built-ins that do not tell."""
    if not callable(thing):
        return ""
    try:
        signature = inspect.signature(thing)
    except (ValueError, TypeError):
        return ""
    parameters = [_plain(parameter) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=parameters))


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    """Defaults that are objects, such as `<object at 0x7f…>`, differ from run to run."""
    if "<" in repr(parameter.default) and parameter.default is not parameter.empty:
        return parameter.replace(default=_Object())
    return parameter


class _Object:
    def __repr__(self) -> str:
        return "…"
