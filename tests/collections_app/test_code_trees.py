"""Functions and types of the languages that tree-sitter parses."""

import pytest

from collections_app.pipeline.code.grammars import GRAMMARS
from collections_app.pipeline.code.languages import LANGUAGES, by_media_type, by_name
from collections_app.pipeline.code.reading import parse, symbols_of
from collections_app.pipeline.extracted import Unreadable

JAVASCRIPT = """\
import fs from "fs"; // no part of what follows

/**
 * Boxes hold things.
 */
export default class Box extends Base {
  #size = 1;
  /** How wide. */
  get width() { return this.#size; }
  static async load(name) {
    return new Box(name);
  }
  close = () => this.open = false;
}

// Twice as much.
// Of anything.
const double = (x) => x * 2;
export const later = async function () {};
exports.shout = function (text) { return text.toUpperCase(); };
function* count() { yield 1; }
function _hidden() { function inner() {} }
"""
TYPESCRIPT = """\
/** Named. */
interface Named { name: string; greet(): void; }
enum Colour { Red }
export abstract class Shape<T> {
  private secret(a: number): string { return ""; }
  area(a, b?: number) { return 0; }
  constructor(readonly x: number) {}
}
namespace Geometry { export function side(a: number): number { return a; } }
declare function outside(x: string): number;
"""
GO = """\
package shapes

// Point is a place.
type Point struct {
	X, Y int
}

type (
	// Mover moves.
	Mover interface{ Move() }
)

// Move shifts
// the point.
func (p *Point) Move(dx int) error { return nil }

func helper[T any](a T) {}
"""
RUST = """\
/// A place.
#[derive(Debug)]
pub struct Point<T> { x: T }

impl<T> Point<T> {
    /// Moves it.
    pub async fn shift(&mut self, by: T) {}
    fn hidden() {}
}
impl fmt::Display for Point<i32> { fn fmt(&self) {} }
mod inner { pub fn deep() {} }
pub trait Walk { fn step(&self); fn run(&self) {} }
enum Way { Left }
"""
JAVA = """\
package shapes;

/** A place. */
@Serial
public class Point<T> extends Base {
    private int x;
    /** Makes one. */
    public Point(int x) { this.x = x; }
    @Override
    public static int zero(int a) { return 0; }
    private void hide() {}
    interface Walk { void step(); }
}
record Pair(int a, int b) {}
enum Way { LEFT }
"""
C = """\
#include <stdio.h>
#define TWICE(x) ((x) * 2)

/* Adds one.
 * To a number. */
int add(int a) { return a + 1; }
static char *name(struct point p) { return 0; }
typedef struct { int x; } point_t;
struct point { int x; };
enum way { LEFT };
int declared(int a);
void (*chosen(int a))(void) { return 0; }
"""
CPP = """\
namespace shapes {
// A place.
template <class T> class Point : public Base {
 public:
  /// Moves it.
  int shift(int by) const { return by; }
  ~Point() {}
  void declared();
 private:
  static int zero() { return 0; }
};
template <class T> void Point<T>::declared() {}
bool operator==(const A& a, const A& b) { return true; }
struct Plain { int x; };
}
"""


def told(key, code):
    return [(one.line, one.kind, one.name) for one in parse(code.encode(), key)[1:]]


def named(key, code):
    return {one.name: one for one in parse(code.encode(), key)}


def test_javascript():
    assert told("javascript", JAVASCRIPT) == [
        (3, "class", "Box"),
        (8, "method", "Box.width"),
        (10, "method", "Box.load"),
        (13, "method", "Box.close"),
        (16, "function", "double"),
        (19, "function", "later"),
        (20, "function", "shout"),
        (21, "function", "count"),
        (22, "function", "_hidden"),
        (22, "function", "_hidden.inner"),
    ]
    found = named("javascript", JAVASCRIPT)
    assert (
        found["Box"].outline
        == """\
/**
 * Boxes hold things.
 */
export default class Box extends Base {
  #size = 1;
  /** How wide. */
  get width() { ... }
  static async load(name) { ... }
  close = () => { ... };
}"""
    )
    assert found["Box"].lines == "3-10,13-14"
    assert found["Box"].docstring == "Boxes hold things."
    assert (
        found["double"].source == "// Twice as much.\n// Of anything.\nconst double = (x) => x * 2;"
    )
    assert found["double"].docstring == "Twice as much.\nOf anything."
    assert found["Box.load"].signature == "static async load(name)"
    assert (found["Box.load"].is_async, found["Box.load"].binding) == (True, "static")
    assert found["later"].is_async
    assert not found["_hidden"].public
    inner = found["_hidden.inner"]
    assert (inner.source, inner.column) == ("function inner() {}", 22)
    assert found[""].outline.splitlines()[-1] == "function _hidden() { ... }"


def test_typescript():
    assert told("typescript", TYPESCRIPT) == [
        (1, "interface", "Named"),
        (3, "enum", "Colour"),
        (4, "class", "Shape"),
        (5, "method", "Shape.secret"),
        (6, "method", "Shape.area"),
        (7, "method", "Shape.constructor"),
        (9, "function", "Geometry.side"),
        (10, "function", "outside"),
    ]
    found = named("typescript", TYPESCRIPT)
    types = {name: one.typed for name, one in found.items() if not one.is_type and name}
    assert types == {
        "Shape.secret": "fully",
        "Shape.area": "partially",
        "Shape.constructor": "fully",
        "Geometry.side": "fully",
        "outside": "fully",
    }
    assert not found["Shape.secret"].public
    assert found["Named"].docstring == "Named."


def test_tsx():
    code = "export const Card = (p: Props) => <div>{p.name}</div>;\nfunction plain(): void {}"
    assert told("tsx", code) == [(1, "function", "Card"), (2, "function", "plain")]


def test_go():
    assert told("go", GO) == [
        (3, "struct", "Point"),
        (9, "interface", "Mover"),
        (13, "method", "Point.Move"),
        (17, "function", "helper"),
    ]
    found = named("go", GO)
    assert found["Point"].source == "// Point is a place.\ntype Point struct {\n\tX, Y int\n}"
    assert found["Point.Move"].docstring == "Move shifts\nthe point."
    assert found["Point.Move"].signature == "func (p *Point) Move(dx int) error"
    assert [found[name].public for name in ("Point", "Point.Move", "helper")] == [True, True, False]


def test_rust():
    assert told("rust", RUST) == [
        (1, "struct", "Point"),
        (5, "impl", "Point"),
        (6, "method", "Point.shift"),
        (8, "method", "Point.hidden"),
        (10, "impl", "fmt::Display for Point"),
        (10, "method", "Point.fmt"),
        (11, "function", "inner.deep"),
        (12, "trait", "Walk"),
        (12, "method", "Walk.run"),
        (13, "enum", "Way"),
    ]
    struct, *_ = [one for one in parse(RUST.encode(), "rust") if one.kind == "struct"]
    assert struct.source == "/// A place.\n#[derive(Debug)]\npub struct Point<T> { x: T }"
    assert struct.docstring == "A place."
    found = named("rust", RUST)
    assert found["Point.shift"].is_async
    publics = [found[name].public for name in ("Point.shift", "Point.hidden", "Walk.run", "Way")]
    assert publics == [True, False, True, False]


def test_java():
    assert told("java", JAVA) == [
        (3, "class", "Point"),
        (7, "method", "Point.Point"),
        (9, "method", "Point.zero"),
        (11, "method", "Point.hide"),
        (12, "interface", "Point.Walk"),
        (12, "method", "Point.Walk.step"),
        (14, "class", "Pair"),
        (15, "enum", "Way"),
    ]
    found = named("java", JAVA)
    assert found["Point"].docstring == "A place."
    assert found["Point.zero"].source.startswith("    @Override\n    public static int zero")
    assert found["Point.zero"].binding == "static"
    publics = [found[f"Point.{name}"].public for name in ("Point", "zero", "hide", "Walk.step")]
    assert publics == [True, True, False, True]


def test_c():
    assert told("c", C) == [
        (4, "function", "add"),
        (7, "function", "name"),
        (8, "struct", "point_t"),
        (9, "struct", "point"),
        (10, "enum", "way"),
        (12, "function", "chosen"),
    ]
    found = named("c", C)
    assert found["add"].docstring == "Adds one.\nTo a number."
    assert found["name"].signature == "static char *name(struct point p)"
    assert [found[name].public for name in ("add", "name", "point_t")] == [True, False, True]


def test_cpp():
    assert told("cpp", CPP) == [
        (2, "class", "shapes.Point"),
        (5, "method", "shapes.Point.shift"),
        (7, "method", "shapes.Point.~Point"),
        (10, "method", "shapes.Point.zero"),
        (12, "method", "shapes.Point.declared"),
        (13, "function", "shapes.operator=="),
        (14, "struct", "shapes.Plain"),
    ]
    found = named("cpp", CPP)
    assert found["shapes.Point"].source.startswith("// A place.\ntemplate <class T> class Point")
    assert found["shapes.Point.shift"].docstring == "Moves it."


def test_every_language_that_can_be_split_has_a_grammar():
    assert {one.key for one in LANGUAGES if one.split} == {"python", *GRAMMARS}
    for one in LANGUAGES:
        assert by_media_type(one.media_type) == one
        assert by_name(f"A{one.suffixes[0].upper()}") == one


def test_a_slip_hides_no_more_than_it_must():
    code = "function one() { return 1 }\nlet x = = 2;\n\nfunction two() { return 2 }\n"
    assert told("javascript", code) == [(1, "function", "one"), (4, "function", "two")]
    code = "MACRO(x);\nint f(void) { return 1; }\nint g( { }"
    assert told("c", code) == [(2, "function", "f")]


def test_line_ends_and_other_encodings():
    code = "// Ä\r\nfunction f() {\r\n}\r\nfunction g() {}"
    assert told("javascript", code) == [(1, "function", "f"), (4, "function", "g")]
    wide = "\ufefffunction ä() {}".encode("utf-16")
    assert [one.name for one in parse(wide, "javascript")] == ["", "ä"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.js", b"function f(){" * 3000 + b"}" * 3000),
        ("a.cpp", b"a<" * 300_000),
        ("a.ts", b"a<b>(" * 100_000),
        ("a.c", b"{" * 1_000_000),
        ("a.rs", b"(" * 1_000_000),
        ("a.java", b"class A { " * 20_000),
        ("a.go", b"func f() { if a {" * 30_000),
        ("a.js", b"var a=1" + b"".join(b",f%d=function(){}" % n for n in range(9_000))),
        ("a.js", b"\0" * 1000),
        ("a.c", bytes(range(256)) * 400),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_files_end_in_bounds(name, data):
    """The child has 512 MB and 60 s: it answers, or the file is refused with a reason."""
    try:
        kind = symbols_of(data, by_name(name))[0].kind
    except Unreadable as error:
        kind = str(error)
    assert kind == "module" or kind.lower().endswith(("split it.", "nul bytes in it."))
