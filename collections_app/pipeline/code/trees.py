"""The symbols of a file in a language that tree-sitter parses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from . import tree_facts as facts
from .grammars import GRAMMARS, Grammar, parser
from .symbols import FUNCTION, METHOD, Cut, Source, Symbol, one_line

MOST_SIBLINGS = 50  # of a declaration that are looked at; more are no one's own


@dataclass(frozen=True)
class _At:
    """A node with its way up: asking the tree for parents and siblings takes long there."""

    node: Node
    siblings: Sequence[Node]
    index: int
    above: "_At | None"


@dataclass
class _Found:
    """A symbol: `value` is the function itself where a variable holds it."""

    at: _At
    value: Node
    kind: str
    path: tuple[str, ...]
    name: str
    owner: "_Found | None"
    inner: list["_Found"] = field(default_factory=list)

    @property
    def in_type(self) -> str:
        """The kind of the type it stands in; empty for none."""
        kind = self.owner.kind if self.owner else ""
        return "" if kind in (FUNCTION, METHOD) else kind

    @property
    def inner_path(self) -> tuple[str, ...]:
        """What names in it are qualified by: the type's name, also in what it implements."""
        return (*self.path, self.name.rpartition(" for ")[2])


def symbols(text: str, key: str) -> list[Symbol]:
    """All functions and types of a file in a language of GRAMMARS, and the file itself.

    The parser mends what it does not understand, so that a macro or a slip hides no more
    than the function it stands in.
    """
    source = Source(text)
    tree = parser(key).parse(source.data)
    found = list(_walk(tree.root_node, GRAMMARS[key]))
    made = [_symbol(one, source, key) for one in found]
    top = [one for one in found if one.owner is None]
    return [source.module(_cuts(top)), *sorted(made, key=lambda one: (one.line, one.column))]


def _walk(root: Node, grammar: Grammar) -> Iterator[_Found]:
    children = root.named_children
    stack: list[tuple[_At, tuple[str, ...], _Found | None]] = [
        (_At(node, children, index, None), (), None) for index, node in enumerate(children)
    ]
    while stack:
        at, path, owner = stack.pop()
        if found := _found(at, path, owner, grammar):
            if owner:
                owner.inner.append(found)
            yield found
            path, owner = found.inner_path, found
        elif at.node.type in grammar.scopes:
            path = (*path, facts.text(facts.field(at.node, "name"))[: facts.MOST_NAME])
        children = at.node.named_children
        stack.extend(
            (_At(child, children, index, at), path, owner) for index, child in enumerate(children)
        )


def _found(at: _At, path: tuple[str, ...], owner: _Found | None, grammar: Grammar) -> _Found | None:
    node, parent = at.node, at.above.node if at.above else None
    value = node
    if node.type in grammar.holders:
        held = facts.field(node, "value", "right")
        if held is None or held.type not in grammar.values:
            return None
        value, kind = held, "class" if held.type == "class" else FUNCTION
    elif parent is not None and parent.type in grammar.holders:
        return None  # it goes by the name of what holds it
    else:
        kind = grammar.kinds.get(node.type, "")
    if not kind or (node.type in grammar.bodied and not facts.field(node, "body")):
        return None
    within, name = facts.name_of(node, parent)
    if not name:
        return None
    found = _Found(at, value, kind, (*path, *within), name, owner)
    if kind == FUNCTION and (found.in_type or within or node.type == "pair"):
        found.kind = METHOD
    return found


def _extent(at: _At, grammar: Grammar) -> _At:
    """The node with what wraps it alone: `export`, `template <…>`, the `const` of one name."""
    while (
        at.above
        and not (at.index and at.siblings[at.index - 1].type.endswith("comment"))
        and at.above.node.type in grammar.wrappers
        and len(at.siblings) <= MOST_SIBLINGS
        and sum(one.type == at.node.type for one in at.siblings) == 1
    ):
        at = at.above
    return at


def _above(at: _At, grammar: Grammar, source: Source) -> list[Node]:
    """The comments and attributes that stand directly above, the topmost first."""
    found: list[Node] = []
    line = source.line_at(at.node.start_byte)
    for node in reversed(at.siblings[: at.index]):
        last = source.line_at(max(node.start_byte, node.end_byte - 1))
        if node.type not in grammar.above or last < line - 1:
            break
        first = source.line_at(node.start_byte)
        leads = source.indented(node.start_byte) == source.start_of(first)
        if not leads and last != line:  # it speaks of what stands before it in its line
            break
        found.append(node)
        line = first
    return found[::-1]


def _symbol(found: _Found, source: Source, key: str) -> Symbol:
    grammar = GRAMMARS[key]
    extent = _extent(found.at, grammar)
    above = _above(extent, grammar, source)
    start = source.indented((above or [extent.node])[0].start_byte)
    end = extent.node.end_byte
    body = facts.body_of(found.at.node, found.value)
    words = facts.words_before(found.at.node, body) | facts.words_before(found.value, body)
    function = found.kind in (FUNCTION, METHOD)
    outline, lines = source.outline(start, end, [] if function else _cuts(found.inner))
    first = source.line_at(start)
    head = source.between(extent.node.start_byte, body.start_byte if body else end)
    return Symbol(
        name=".".join([*found.path, found.name]),
        kind=found.kind,
        line=first,
        end_line=source.line_at(end),
        column=start - source.start_of(first) + 1,
        signature=one_line(head if body else head.partition("\n")[0]).rstrip("{ "),
        docstring=facts.documentation(
            [facts.text(one) for one in above if one.type.endswith("comment")]
        ),
        source=source.between(start, end),
        outline=outline,
        lines=lines,
        public=found.kind == "impl" or facts.is_public(key, found.name, words, found.in_type),
        is_async="async" in words,
        typed=facts.types_of(grammar, found.value) if function else "",
        binding="static" if found.kind == METHOD and "static" in words else "",
    )


def _cuts(found: list[_Found]) -> Iterator[Cut]:
    for one in found:
        if body := facts.body_of(one.at.node, one.value):
            yield Cut(body.start_byte, body.end_byte, "{ ... }")
