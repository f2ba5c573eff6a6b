"""What the nodes of each grammar are: which of them are functions, methods and types."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from tree_sitter import Language, Parser

from .symbols import FUNCTION, METHOD

_COMMENTS = frozenset({"comment", "line_comment", "block_comment"})


@dataclass(frozen=True)
class Grammar:
    """`kinds` gives what a node of a type is. `scopes` are nodes that are no symbols, but
    qualify the names in them; `wrappers` belong to the symbol in them; `above` may stand before
    one and belong to it. `values` are the types of what a variable holds that is a function;
    `bodied` counts only with a body: without one it is a mention.
    """

    module: str
    function: str
    kinds: Mapping[str, str]
    scopes: frozenset[str] = frozenset()
    wrappers: frozenset[str] = frozenset()
    above: frozenset[str] = _COMMENTS
    values: frozenset[str] = frozenset()
    bodied: frozenset[str] = frozenset()
    typed: str = "fully"
    holders: frozenset[str] = frozenset()


_JAVASCRIPT = {
    "function_declaration": FUNCTION,
    "generator_function_declaration": FUNCTION,
    "class_declaration": "class",
    "class": "class",
    "method_definition": METHOD,
}
_TYPESCRIPT = _JAVASCRIPT | {
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "enum_declaration": "enum",
    "function_signature": FUNCTION,
}
_VALUES = frozenset({"arrow_function", "function_expression", "generator_function", "class"})
_HOLDERS = frozenset(
    {
        "variable_declarator",
        "field_definition",
        "public_field_definition",
        "pair",
        "assignment_expression",
    }
)
_DECLARED = frozenset(
    {
        "export_statement",
        "lexical_declaration",
        "variable_declaration",
        "ambient_declaration",
        "expression_statement",
    }
)
_MODULES = frozenset({"internal_module", "module"})
_C = {
    "function_definition": FUNCTION,
    "struct_specifier": "struct",
    "union_specifier": "struct",
    "enum_specifier": "enum",
}


def _typescript(function: str) -> Grammar:
    return Grammar(
        "tree_sitter_typescript",
        function,
        _TYPESCRIPT,
        scopes=_MODULES,
        wrappers=_DECLARED,
        above=_COMMENTS | {"decorator"},
        values=_VALUES,
        holders=_HOLDERS,
        typed="",
    )


GRAMMARS = {
    "javascript": Grammar(
        "tree_sitter_javascript",
        "language",
        _JAVASCRIPT,
        wrappers=_DECLARED,
        above=_COMMENTS | {"decorator"},
        values=_VALUES,
        holders=_HOLDERS,
        typed="no",
    ),
    "typescript": _typescript("language_typescript"),
    "tsx": _typescript("language_tsx"),
    "go": Grammar(
        "tree_sitter_go",
        "language",
        {
            "function_declaration": FUNCTION,
            "method_declaration": METHOD,
            "struct_type": "struct",
            "interface_type": "interface",
        },
        wrappers=frozenset({"type_spec", "type_declaration"}),
    ),
    "rust": Grammar(
        "tree_sitter_rust",
        "language",
        {
            "function_item": FUNCTION,
            "struct_item": "struct",
            "union_item": "struct",
            "enum_item": "enum",
            "trait_item": "trait",
            "impl_item": "impl",
        },
        scopes=frozenset({"mod_item"}),
        above=_COMMENTS | {"attribute_item"},
    ),
    "java": Grammar(
        "tree_sitter_java",
        "language",
        {
            "class_declaration": "class",
            "record_declaration": "class",
            "interface_declaration": "interface",
            "annotation_type_declaration": "interface",
            "enum_declaration": "enum",
            "method_declaration": METHOD,
            "constructor_declaration": METHOD,
            "compact_constructor_declaration": METHOD,
        },
    ),
    "c": Grammar(
        "tree_sitter_c",
        "language",
        _C,
        wrappers=frozenset({"type_definition", "declaration"}),
        bodied=frozenset(_C),
    ),
    "cpp": Grammar(
        "tree_sitter_cpp",
        "language",
        _C | {"class_specifier": "class"},
        scopes=frozenset({"namespace_definition"}),
        wrappers=frozenset({"type_definition", "declaration", "template_declaration"}),
        bodied=frozenset({*_C, "class_specifier"}),
    ),
}


@cache
def parser(key: str) -> Parser:
    """The parser of a language of GRAMMARS."""
    grammar = GRAMMARS[key]
    return Parser(Language(getattr(import_module(grammar.module), grammar.function)()))
