"""Prints the house measures (a look, not a law): `python -m tests.measures`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("embedsite", "collections_app", "search_app", "rag_app")
MODULE_LINES = 250
FUNCTION_LINES = 30
PATCHES = ("monkeypatch.setattr", "mocker.", "patch(", "patch.object(")


def main() -> None:
    trees = {path: ast.parse(path.read_text()) for path in _modules()}
    functions = [(path, found) for path, tree in trees.items() for found in _functions(tree)]
    long_modules = {p: n for p in trees if (n := len(p.read_text().splitlines())) > MODULE_LINES}
    long_functions = [(p, f) for p, f in functions if _length(f) > FUNCTION_LINES]
    inner = [(p, i) for p, f in functions for i in ast.walk(f) if _is_import(i)]
    _show(
        f"modules over {MODULE_LINES} lines: {len(long_modules)} of {len(trees)}",
        (f"{_short(path)} {lines}" for path, lines in long_modules.items()),
    )
    _show(
        f"functions over {FUNCTION_LINES} lines: {len(long_functions)} of {len(functions)}",
        (f"{_short(path)} {found.name} {_length(found)}" for path, found in long_functions),
    )
    _show(
        f"imports inside functions: {len(inner)}",
        (f"{_short(path)}:{found.lineno}" for path, found in inner),
    )
    tests, patched = _patches()
    _show(f"tests with a patch: {patched} of {tests}", ())


def _modules() -> Iterator[Path]:
    for room in ROOMS:
        yield from (p for p in (ROOT / room).rglob("*.py") if "migrations" not in p.parts)


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def _patches() -> tuple[int, int]:
    """How many test functions there are, and how many of them patch something."""
    bodies = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        text = path.read_text()
        found = [f for f in _functions(ast.parse(text)) if f.name.startswith("test_")]
        bodies += [ast.get_source_segment(text, function) or "" for function in found]
    return len(bodies), sum(any(word in body for word in PATCHES) for body in bodies)


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _show(line: str, details: Iterator[str] | tuple[()]) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.writelines(f"    {detail}\n" for detail in details)


if __name__ == "__main__":
    main()
