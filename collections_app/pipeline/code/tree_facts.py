"""What a node of a syntax tree says of itself: its name, its documentation, who may call it."""

import re

from tree_sitter import Node

from .grammars import Grammar

MOST_NAME = 200  # characters
_NAMES = {"identifier", "field_identifier", "operator_name", "destructor_name", "operator_cast"}
_ARGUMENTS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")
_MARKS = re.compile(r"^\s*(?:///?!?|//!|/\*[*!]?|\*(?!/))?\s?|\s*\*/\s*$")
_EXPORTED = re.compile(r"^(?:module\.)?exports\.")
_RECEIVER = re.compile(r"([A-Za-z_]\w*)\s*(?:\[[^\]]*\])?\s*\)$")


def text(node: Node | None) -> str:
    return node.text.decode(errors="replace") if node and node.text else ""


def field(node: Node, *names: str) -> Node | None:
    """The first of these fields that the node has."""
    for name in names:
        if found := node.child_by_field_name(name):
            return found
    return None


def name_of(node: Node, parent: Node | None) -> tuple[tuple[str, ...], str]:
    """(what it is qualified by within the node, its name); the name is empty for none."""
    if node.type == "method_declaration" and (receiver := field(node, "receiver")):
        found = _RECEIVER.search(text(receiver))
        return ((found.group(1),) if found else ()), text(field(node, "name"))
    if node.type == "impl_item":
        trait, of = plain_name(text(field(node, "trait"))), plain_name(text(field(node, "type")))
        return (), f"{trait} for {of}" if trait else of
    if node.type in ("struct_type", "interface_type"):  # Go gives the name, or there is none
        named = parent is not None and parent.type == "type_spec"
        return (), text(field(parent, "name")) if named and parent else ""
    if node.type == "function_definition":
        return _declared(field(node, "declarator"))
    if node.type == "assignment_expression":
        return (), _assigned(text(field(node, "left")))
    name = text(field(node, "name", "property", "key"))
    if not name and parent is not None and parent.type == "type_definition":
        name = text(field(parent, "declarator"))
    return (), name.strip("\"'`")[:MOST_NAME]


def plain_name(name: str) -> str:
    """Without the arguments of generic types: `Point` for `Point<T>`."""
    while (shorter := _ARGUMENTS.sub("", name)) != name:
        name = shorter
    return " ".join(name.split())[:MOST_NAME]


def _declared(node: Node | None) -> tuple[tuple[str, ...], str]:
    """The name in a declarator of C or C++: `*(*name(int))[3]`, `Outer<T>::name`."""
    while node is not None:
        if node.type == "qualified_identifier":
            *path, name = plain_name(text(node)).split("::")
            return tuple(one for one in path if one), name
        if node.type in _NAMES:
            return (), text(node)[:MOST_NAME]
        node = field(node, "declarator") or next(iter(node.named_children), None)
    return (), ""


def _assigned(left: str) -> str:
    name = _EXPORTED.sub("", left)
    return name if re.fullmatch(r"[\w.$#]{1,200}", name) and name != "module.exports" else ""


def body_of(node: Node, value: Node) -> Node | None:
    return field(value, "body") or field(node, "body")


def documentation(comments: list[str]) -> str:
    """The comments above a symbol without their marks."""
    lines = [_MARKS.sub("", line) for comment in comments for line in comment.splitlines()]
    return "\n".join(line.rstrip() for line in lines).strip()


def words_before(node: Node, body: Node | None) -> set[str]:
    """The modifiers: what stands before the name, as words."""
    words: set[str] = set()
    for child in node.children:
        if child == body:
            break
        if child.type in ("async", "static") or child.type.endswith(
            ("modifier", "modifiers", "specifier")
        ):
            words.update(text(child)[:200].split())
    return words


def is_public(key: str, name: str, words: set[str], in_type: str) -> bool:
    """Whether others may use it, as the language has it."""
    match key:
        case "go":
            return name[:1].isupper()
        case "rust":
            return in_type == "trait" or any(word.startswith("pub") for word in words)
        case "java":
            return in_type == "interface" or "public" in words
        case "c" | "cpp":
            return ("static" not in words or bool(in_type)) and not name.startswith("_")
        case _:
            return not name.startswith(("_", "#")) and not words & {"private", "protected"}


def types_of(grammar: Grammar, function: Node) -> str:
    """How far a function says its types; TypeScript leaves that to the author."""
    if grammar.typed:
        return grammar.typed
    parameters = field(function, "parameters")
    said = [bool(field(one, "type")) for one in parameters.named_children] if parameters else []
    returns = field(function, "return_type") is not None
    if all(said) and (returns or text(field(function, "name")) == "constructor"):
        return "fully"
    return "partially" if any(said) or returns else "no"
