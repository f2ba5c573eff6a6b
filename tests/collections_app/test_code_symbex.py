"""The reference for Python symbols, run beside ours on the standard library."""

import ast
import sysconfig
from pathlib import Path

import pytest
from symbex import lib as symbex

from collections_app.pipeline.code.reading import parse

LIBRARY = Path(sysconfig.get_path("stdlib"))
MODULES = sorted(LIBRARY.glob("*.py"))[::4][:45]
MODULES += [LIBRARY / "asyncio" / "tasks.py", LIBRARY / "typing.py", LIBRARY / "dataclasses.py"]


def reference(code):
    """{line: (qualified name, source, signature)} of what Symbex finds."""
    rows = {}
    for node, owner in symbex.find_symbol_nodes(code, "", ["*", "*.*"]):
        source, line = symbex.code_for_node(code, node, owner, False, False)
        name = f"{owner}.{node.name}" if owner else node.name
        rows[line] = (name, source, defined(node))
    return rows


def defined(node):
    """The signature as Symbex writes it: it leaves out what it does not understand."""
    if isinstance(node, ast.ClassDef):
        if any(not isinstance(one.value, ast.Name) for one in node.keywords):
            return ""  # it prints the address of a value
        return symbex.class_definition(node)
    return symbex.function_definition(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_symbols_sources_and_signatures_are_those_of_the_reference(path):
    code = symbex.read_file(path)
    ours = {one.line: one for one in parse(path.read_bytes(), "python") if one.kind != "module"}
    theirs = reference(code)
    assert {
        line: (
            ours[line].name,
            ours[line].source,
            defined(ast.parse(f"{ours[line].signature} 0").body[0]),
        )
        for line in theirs
    } == theirs
    # It knows neither what stands in functions nor in branches: ours are all there are.
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    assert len(ours) == sum(isinstance(node, kinds) for node in ast.walk(ast.parse(code)))


def test_filters_agree_with_the_reference():
    """Types, as far as the reference counts them: it leaves out `cls`, which ours does not."""
    for path in MODULES[:10]:
        found = {one.line: one for one in parse(path.read_bytes(), "python")}
        for node, owner in symbex.find_symbol_nodes(symbex.read_file(path), "", ["*", "*.*"]):
            line = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            ours, types = found[line], symbex.type_summary(node)
            assert ours.is_async == isinstance(node, ast.AsyncFunctionDef)
            assert ours.documented == bool(ast.get_docstring(node))
            if types and node.name != "__init__" and not (owner and ours.binding == "class"):
                theirs = "fully" if types.fully else "partially" if types.partially else "no"
                assert ours.typed == theirs, (path, ours.name)
