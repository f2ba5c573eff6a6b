"""Functions and classes of Python files: where they stand, and what is said of them."""

import time

import pytest

from collections_app.pipeline.code.languages import by_name
from collections_app.pipeline.code.reading import parse, symbols_of
from collections_app.pipeline.extracted import Unreadable

PYTHON = by_name("a.py")

EXAMPLE = '''\
"""What the module does."""
import functools
from typing import overload

LIMIT = 3

# Above, no part of it.
@functools.cache
def first(a: int, *rest, b: str = "x") -> int:
    """Add things.

    Slowly.
    """
    # A comment inside.
    def inner():
        return a
    return inner()  # at the end

async def later(a, b=None): ...

class Box(list, metaclass=type):
    """Holds things."""

    size: int = 1

    def __init__(self, size: int):
        self.size = size

    @property
    def width(self):
        return self.size

    @width.setter
    def width(self, value: int) -> None:
        self.size = value

    @staticmethod
    def _make() -> "Box":
        return Box(1)

    @classmethod
    async def load(cls, name: str) -> "Box":
        return cls(1)

    class Lid:
        def shut(self): pass

if LIMIT:
    @overload
    def either(a: int) -> int: ...
    @overload
    def either(a: str) -> str: ...
    def either(a): return a

square = lambda x: x * x
'''


def symbols(code, key="python"):
    data = code if isinstance(code, bytes) else code.encode()
    return parse(data, key)


def named(code):
    return {one.name: one for one in symbols(code)}


def refusal(code):
    with pytest.raises(Unreadable) as raised:
        symbols(code)
    return str(raised.value)


def test_every_function_and_class_is_found_nested_ones_too():
    assert [(one.line, one.kind, one.name) for one in symbols(EXAMPLE)] == [
        (1, "module", ""),
        (8, "function", "first"),
        (15, "function", "first.inner"),
        (19, "function", "later"),
        (21, "class", "Box"),
        (26, "method", "Box.__init__"),
        (29, "method", "Box.width"),
        (33, "method", "Box.width"),
        (37, "method", "Box._make"),
        (41, "method", "Box.load"),
        (45, "class", "Box.Lid"),
        (46, "method", "Box.Lid.shut"),
        (49, "function", "either"),
        (51, "function", "either"),
        (53, "function", "either"),
    ]


def test_source_is_as_in_the_file_with_decorators_and_comments():
    lines = EXAMPLE.splitlines()
    for one in symbols(EXAMPLE)[1:]:
        assert one.source == "\n".join(lines[one.line - 1 : one.end_line])
    first = named(EXAMPLE)["first"]
    assert first.source.startswith("@functools.cache\ndef first(")
    assert first.source.endswith("return inner()  # at the end")
    assert first.docstring == "Add things.\n\nSlowly."


def test_signatures_keep_defaults_annotations_and_bases():
    found = named(EXAMPLE)
    assert found["first"].signature == "def first(a: int, *rest, b: str='x') -> int:"
    assert found["later"].signature == "async def later(a, b=None):"
    assert found["Box"].signature == "class Box(list, metaclass=type):"
    assert found["Box.load"].signature == "async def load(cls, name: str) -> 'Box':"


def test_facts_are_told():
    found = named(EXAMPLE)
    facts = {
        name: (one.is_async, one.documented, one.typed, one.public, one.binding)
        for name, one in found.items()
    }
    assert facts["first"] == (False, True, "fully", True, "")
    assert facts["first.inner"] == (False, False, "no", True, "")
    assert facts["later"] == (True, False, "no", True, "")
    assert facts["Box"] == (False, True, "", True, "")
    assert facts["Box.__init__"] == (False, False, "fully", True, "")
    assert facts["Box._make"] == (False, False, "fully", False, "static")
    assert facts["Box.load"] == (True, False, "fully", True, "class")


def test_class_holds_its_header_and_the_signatures_of_its_methods():
    box = named(EXAMPLE)["Box"]
    assert (
        box.outline
        == '''\
class Box(list, metaclass=type):
    """Holds things."""

    size: int = 1

    def __init__(self, size: int): ...

    @property
    def width(self): ...

    @width.setter
    def width(self, value: int) -> None: ...

    @staticmethod
    def _make() -> 'Box': ...

    @classmethod
    async def load(cls, name: str) -> 'Box': ...

    class Lid: ...'''
    )
    assert box.lines == "21-26,28-30,32-34,36-38,40-42,44-45"


def test_module_holds_what_stands_beside_its_functions():
    module = symbols(EXAMPLE)[0]
    assert module.outline.splitlines()[:9] == [
        '"""What the module does."""',
        "import functools",
        "from typing import overload",
        "",
        "LIMIT = 3",
        "",
        "# Above, no part of it.",
        "@functools.cache",
        "def first(a: int, *rest, b: str='x') -> int: ...",
    ]
    assert module.outline.endswith("\nsquare = lambda x: x * x\n")
    assert module.docstring == "What the module does."


def test_dataclass_without_methods_is_whole():
    code = "@dataclass(frozen=True)\nclass Point:\n    x: int  # across\n    y: int = 0"
    point = named(code)["Point"]
    assert point.outline == point.source == code
    assert point.lines == "1-4"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind_count_the_same(end):
    code = end.join(["x = 1", "", "def f():", "    return 1", "", "def g(): pass"])
    found = named(code)
    assert (found["f"].line, found["f"].end_line, found["g"].line) == (3, 4, 6)
    assert found["f"].source == f"def f():{end}    return 1"


def test_form_feeds_and_tabs_stand_as_they_are():
    code = "x = 1\n\f\ndef f():\n\treturn '\f'\n\f\nclass A:\n\tdef m(self):\n\t\tpass\n"
    found = named(code)
    assert (found["f"].line, found["f"].source) == (3, "def f():\n\treturn '\f'")
    assert found["A.m"].source == "\tdef m(self):\n\t\tpass"
    assert found["A"].outline == "class A:\n\tdef m(self): ..."


def test_encodings_are_read_as_python_reads_them():
    latin = "# -*- coding: latin-1 -*-\ndef f():\n    return 'é'\n".encode("latin-1")
    assert named(latin)["f"].source.endswith("'é'")
    marked = b"\xef\xbb\xbfdef f(): return '\xc3\xa9'"
    assert named(marked)["f"].source == "def f(): return 'é'"
    assert named("def naïve(): return 'ÄÖ' ; x = 1".encode())["naïve"].line == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (b"def f(:\n  pass", "Line 1: "),
        (b"x = 1\nclass A:\npass", "Line 3: expected an indented block"),
        (b"print 'two'", "Line 1: Missing parentheses"),
        (b"x = 1\0", "source code string cannot contain null bytes"),
        (b"def f(): return '\xe9'", "not in the encoding"),
        (b"# coding: nonsense\n", "not in the encoding"),
        (b"# coding: punycode\ndef f(): pass", "no encoding of source files"),
        (b"# coding: zlib\ndef f(): pass", "not in the encoding"),
        (b"-" * 100_000 + b"1", "nested too deep"),
        (b"a" + b".b" * 100_000, "nested too deep"),
        (b"(" * 100_000, "too many nested parentheses"),
        ("".join(" " * n + "if 1:\n" for n in range(150)).encode(), "too many levels"),
        (b" \n", "The file is empty"),
        (b"#" * 2_000_001, "the most is 2,000,000"),
    ],
)
def test_what_is_no_python_is_refused_with_the_line(code, reason):
    assert reason in refusal(code)


def test_long_chain_of_branches_is_walked():
    code = "if a: pass\n" + "elif a: pass\n" * 900 + "else:\n    def f(): pass\n"
    assert [one.name for one in symbols(code)] == ["", "f"]


def test_what_python_warns_of_is_no_matter():
    assert named("def f():\n    return '\\d' is 1\n").keys() == {"", "f"}


def test_file_of_ten_thousand_lines_takes_little_time():
    code = "".join(
        f"def f{n}(a: int) -> int:\n    '''Doc.'''\n\n    return a\n\n" for n in range(2000)
    )
    start = time.process_time()
    found = symbols(code)
    assert time.process_time() - start < 10
    assert (len(found), found[-1].name, found[-1].line) == (2001, "f1999", 9996)


def test_child_process_gives_the_same():
    assert symbols_of(EXAMPLE.encode(), PYTHON) == symbols(EXAMPLE)
    with pytest.raises(Unreadable, match="Line 1"):
        symbols_of(b"def", PYTHON)


def test_too_many_functions_are_refused():
    assert "more than 20,000 functions" in refusal("def f(): 0\n" * 20_001)
