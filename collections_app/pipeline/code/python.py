"""The symbols of a Python file, by Python's own parser."""

import ast
import codecs
import copy
import io
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..extracted import Unreadable
from .symbols import FUNCTION, METHOD, MOST_SIGNATURE, Cut, Source, Symbol

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")  # where statements stand
# What a file may say of its encoding, but is no encoding of source files, or takes for ever.
_NO_ENCODINGS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"}


@dataclass
class _Found:
    """A definition, what its name is qualified by, and the definitions that stand in it."""

    node: Definition
    path: tuple[str, ...]
    in_class: bool
    inner: list["_Found"] = field(default_factory=list)

    @property
    def first_line(self) -> int:
        """Where its decorators begin."""
        return min([self.node.lineno, *(one.lineno for one in self.node.decorator_list)])


def decoded(data: bytes) -> str:
    """The text of a file as Python reads it: byte order mark, encoding cookie, else UTF-8."""
    try:
        encoding, _lines = tokenize.detect_encoding(io.BytesIO(data).readline)
        name = codecs.lookup(encoding).name
        if name.replace("-", "_") in {one.replace("-", "_") for one in _NO_ENCODINGS}:
            raise Unreadable(f"{encoding!r} is no encoding of source files. Save it as UTF-8.")
        return data.decode(encoding)
    except (SyntaxError, LookupError, UnicodeDecodeError) as error:
        raise Unreadable(
            f"The file is not in the encoding that it says, or in none: {error}. Save it as UTF-8."
        ) from error


def symbols(text: str) -> list[Symbol]:
    """All functions and classes, nested ones too, in the order of their lines, and the module.

    Raises Unreadable for what is no Python, with the line.
    """
    module, source = _parsed(text), Source(text)
    found = list(_definitions(module))
    top = [one for one in found if not one.path]
    return [_module(module, source, top), *(_symbol(one, source) for one in found)]


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():  # of escapes and comparisons: the author's matter
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        line = f"Line {error.lineno}: " if error.lineno else ""
        raise Unreadable(f"{line}{error.msg}. This is no valid Python; mend it.") from error
    except (RecursionError, MemoryError) as error:
        raise Unreadable("The code is nested too deep for Python's parser.") from error
    except ValueError as error:
        raise Unreadable(f"The code cannot be parsed: {error}.") from error


def _definitions(module: ast.Module) -> Iterator[_Found]:
    """By a stack of our own: an `elif` of a thousand branches is a thousand deep."""
    found: list[_Found] = []
    stack: list[tuple[ast.AST, _Found | None]] = [(node, None) for node in module.body]
    while stack:
        node, owner = stack.pop()
        if isinstance(node, Definition):
            path = (*owner.path, owner.node.name) if owner else ()
            in_class = owner is not None and isinstance(owner.node, ast.ClassDef)
            one = _Found(node, path, in_class)
            found.append(one)
            if owner:
                owner.inner.append(one)
            owner = one
        for body in _BODIES:
            stack.extend((child, owner) for child in getattr(node, body, ()))
    yield from sorted(found, key=lambda one: one.node.lineno)


def _symbol(found: _Found, source: Source) -> Symbol:
    node = found.node
    start = source.start_of(found.first_line)
    end = source.end_of(node.end_lineno or node.lineno)
    is_class = isinstance(node, ast.ClassDef)
    # A class says what it is and what it can do; what its methods do, they say themselves. Its
    # text twice, once in its own document, would find the class for each of its methods.
    cuts = [_cut(one, source) for one in found.inner] if is_class else []
    outline, lines = source.outline(start, end, cuts)
    return Symbol(
        name=".".join([*found.path, node.name]),
        kind="class" if is_class else METHOD if found.in_class else FUNCTION,
        line=found.first_line,
        end_line=source.line_at(end),
        column=1,
        signature=signature(node),
        docstring=ast.get_docstring(node) or "",
        source=source.between(start, end),
        outline=outline,
        lines=lines,
        public=not node.name.startswith("_") or is_dunder(node.name),
        is_async=isinstance(node, ast.AsyncFunctionDef),
        typed="" if isinstance(node, ast.ClassDef) else _typed(node),
        binding=_binding(node),
    )


def _module(module: ast.Module, source: Source, top: list[_Found]) -> Symbol:
    cuts = [_cut(one, source) for one in top]
    return source.module(cuts, ast.get_docstring(module) or "")


def _cut(found: _Found, source: Source) -> Cut:
    node = found.node
    start = source.start_of(node.lineno) + node.col_offset
    return Cut(start, source.end_of(node.end_lineno or node.lineno), f"{signature(node)} ...")


def signature(node: Definition) -> str:
    """`def run(self, query: str='') -> list[Hit]:`, without decorators."""
    head = copy.copy(node)
    head.body, head.decorator_list = [], []
    try:
        return ast.unparse(head)[:MOST_SIGNATURE]
    except RecursionError:  # a default value that is nested almost too deep
        return f"{'class' if isinstance(node, ast.ClassDef) else 'def'} {node.name}:"


def is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _typed(node: Function) -> str:
    """As Symbex has it: `self` and what stars collect are left out, `__init__` returns nothing."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    if arguments and arguments[0].arg in ("self", "cls") and not arguments[0].annotation:
        del arguments[0]
    typed = [bool(one.annotation) for one in arguments]
    if all(typed) and (node.returns or node.name == "__init__"):
        return "fully"
    return "partially" if any(typed) or node.returns else "no"


def _binding(node: Definition) -> str:
    names = {one.id for one in node.decorator_list if isinstance(one, ast.Name)}
    if "staticmethod" in names:
        return "static"
    return "class" if "classmethod" in names else ""
