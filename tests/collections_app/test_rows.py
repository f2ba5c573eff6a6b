"""Rows of CSV, TSV, JSON and NDJSON: which format, which rows, and what becomes of bad ones."""

import io
import json

import pytest

from collections_app.pipeline.rows import (
    BadRow,
    Item,
    Plan,
    Row,
    RowFormat,
    Unreadable,
    columns,
    guess_types,
    has_rows,
    read,
    sniff,
    suggest,
)
from collections_app.pipeline.rows.model import MAX_COLUMNS, MAX_ROW_CHARS

TWO = [Row(1, {"id": "a", "text": "One, two"}), Row(2, {"id": "b", "text": "Köln"})]
CSV = 'id,text\na,"One, two"\nb,Köln\n'
LINES = '{"id": "a", "text": "One, two"}\n{"id": "b", "text": "Köln"}\n'


def rows(text, name="", **changes):
    """All rows of a text or of bytes, by its own format."""
    data = text.encode() if isinstance(text, str) else text
    return list(read(data, sniff(data, name, **changes)))


def reasons(found):
    return {row.number: row.reason for row in found if isinstance(row, BadRow)}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (CSV, RowFormat("csv")),
        (CSV.replace("\n", "\r\n"), RowFormat("csv")),
        ("\ufeff" + CSV, RowFormat("csv")),
        ("id;text\na;One, two\nb;Köln", RowFormat("csv", delimiter=";")),
        ("id|text\na|One, two\nb|Köln", RowFormat("csv", delimiter="|")),
        ("id\ttext\na\tOne, two\nb\tKöln", RowFormat("tsv", delimiter="\t")),
        ('id, text\na, "One, two"\nb, Köln', RowFormat("csv", spaced=True)),
        ("\n" + CSV, RowFormat("csv")),
        (LINES, RowFormat("ndjson")),
        ("\n" + LINES.replace("\n", "\r\n\r\n"), RowFormat("ndjson")),
        (f"[{LINES.strip().replace(chr(10), ',')}]", RowFormat("json")),
        (json.dumps({"n": [1], "rows": [row.cells for row in TWO]}), RowFormat("json", key="rows")),
        (
            json.dumps({"of": {"a": [{}]}, "rows": [row.cells for row in TWO], "c": []}, indent=1),
            RowFormat("json", key="rows"),
        ),
    ],
)
def test_format_is_told_by_the_content(text, form):
    assert sniff(text.encode()) == form
    assert rows(text) == TWO


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "cp1252", "utf-8-sig"])
@pytest.mark.parametrize("text", [CSV, LINES, f"[{LINES.strip().replace(chr(10), ',')}]"])
def test_encoding_is_told_by_the_content(text, encoding):
    german = "Köln und Düsseldorf liegen am Rhein, München an der Isar, süß wie Äpfel"
    found = rows(text.replace("Köln", german.replace(",", "")).encode(encoding))
    assert found == [TWO[0], Row(2, {"id": "b", "text": german.replace(",", "")})]


def test_utf_8_that_begins_late_is_read_as_utf_8():
    text = "id,text\n" + "".join(f"{n},plain\n" for n in range(30_000)) + "z,Zürich\n"
    assert rows(text)[-1] == Row(30_001, {"id": "z", "text": "Zürich"})


def test_one_object_is_one_row():
    assert rows(json.dumps({"id": 1, "deep": {"a": [1, None, 2.5, True]}}, indent=2)) == [
        Row(1, {"id": 1, "deep": {"a": [1, None, 2.5, True]}})
    ]


def test_stream_and_path_are_read_as_bytes_are(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(CSV)
    assert list(read(path, sniff(path))) == TWO
    stream = io.BytesIO(CSV.encode())
    assert list(read(stream, sniff(stream))) == TWO
    assert not stream.closed


def test_known_kind_goes_before_the_content():
    assert rows("id;more\ta;b\n1;2\t3;4", kind="tsv") == [Row(1, {"id;more": "1;2", "a;b": "3;4"})]


@pytest.mark.parametrize(
    ("name", "expected"), [("a.CSV", True), ("x/b.jsonl", True), ("notes.txt", False), ("", False)]
)
def test_names_of_tables(name, expected):
    assert has_rows(name) is expected


def test_first_line_with_numbers_is_no_header():
    form = sniff(b"1,One\n2,Two\n")
    assert form == RowFormat("csv", header=False)
    assert next(read(b"1,One\n2,Two\n", form)) == Row(1, {"column 1": "1", "column 2": "One"})


def test_columns_without_a_name_of_their_own_get_one():
    assert rows('a,a,,"a 2"\nw,x,y,z')[0].cells == {
        "a": "w",
        "a 2": "x",
        "column 3": "y",
        "a 2 2": "z",
    }


def test_row_with_too_few_cells_ends_in_empty_ones_and_one_with_too_many_is_bad():
    found = rows("id,text\na\n\nb,c,d\ne,f\n")
    assert found[0] == Row(1, {"id": "a", "text": ""})
    assert found[2] == Row(3, {"id": "e", "text": "f"})
    assert reasons(found) == {
        2: "The row has 3 cells, the header 2. Put quotation marks around a cell that has the "
        "delimiter in it."
    }


def test_bad_lines_of_ndjson_are_told_and_the_others_read():
    bad = [
        "{",
        "[1]",
        '{"a": NaN}',
        '{"a": "\\ud800"}',
        "[" * 100_000,
        '{"a": ' * 60 + "1" + "}" * 60,
    ]
    found = rows("\n".join(['{"a": 1}', *bad, '{"a": 2}', '{"a": 3}'] + ['{"a": 4}'] * 9))
    assert [row.cells["a"] for row in found if isinstance(row, Row)] == [1, 2, 3] + [4] * 9
    told = reasons(found)
    assert told[2].startswith("The row is not JSON: Expecting property name")
    assert told[3] == 'The row is not an object such as {"id": "1", "text": "Words"}.'
    assert told[4] == "The row is not JSON: NaN is not a number."
    assert told[5].startswith("The row has bytes that are not valid")
    assert told[6] == told[7] == "The row is nested deeper than 50 levels. Make it flatter."


def test_elements_of_an_array_that_are_no_rows_are_told_and_the_others_read():
    deep: object = "x"
    for _level in range(60):
        deep = {"a": deep}
    wide = {f"c{n}": n for n in range(MAX_COLUMNS + 1)}
    found = rows(json.dumps([{"a": 1}, 7, [1], deep, wide, None, {"a": {"b": []}}]))
    assert (found[0], found[-1]) == (Row(1, {"a": 1}), Row(7, {"a": {"b": []}}))
    no_object = 'The row is not an object such as {"id": "1", "text": "Words"}.'
    assert reasons(found) == {
        2: no_object,
        3: no_object,
        4: "The row is nested deeper than 50 levels. Make it flatter.",
        5: "The row has 1,001 columns; the most is 1,000. Leave some out.",
        6: no_object,
    }


def test_json_that_breaks_off_keeps_the_rows_before():
    found = rows('[{"a": 1}, {"a": 2}, {"a": ')
    assert found[:2] == [Row(1, {"a": 1}), Row(2, {"a": 2})]
    assert list(reasons(found)) == [3]
    assert found[2].reason.startswith("The file is not JSON here: ")


@pytest.mark.parametrize("text", [CSV, LINES, f"[{LINES.strip().replace(chr(10), ',')}]"])
def test_bytes_in_another_encoding_spoil_only_their_row(text):
    many = text.replace("Köln", "K@ln").replace("One, two", "Zürich, Köln, " * 50)
    found = rows(many.encode().replace(b"@", b"\xf6"))
    assert found[0] == Row(1, {"id": "a", "text": "Zürich, Köln, " * 50})
    assert reasons(found) == {
        2: "The row has bytes that are not valid in the file's encoding. Save it as UTF-8."
    }


def test_endless_line_is_one_bad_row(tmp_path):
    path = tmp_path / "long"
    long = "x" * (MAX_ROW_CHARS * 3)
    path.write_text(f'{{"id": 1}}\n{{"id": "{long}"}}\n{{"id": 3}}\n')
    found = list(read(path, RowFormat("ndjson")))
    assert [type(row) for row in found] == [Row, BadRow, Row]
    path.write_text(f"id,text\n1,a\n2,{long}\n3,c\n")
    found = list(read(path, RowFormat("csv")))
    assert [type(row) for row in found] == [Row, BadRow, Row]
    path.write_text(f'[{{"id": 1}}, {{"id": "{long}"}}, {{"id": 3}}]')
    found = list(read(path, RowFormat("json")))
    assert [type(row) for row in found] == [Row, BadRow]


def test_quotation_mark_that_is_never_closed_is_one_bad_row():
    text = 'id,text\n1,a\n2,"' + "words and words\n" * 400_000 + "3,c"
    found = rows(text)
    assert found[0] == Row(1, {"id": "1", "text": "a"})
    assert reasons(found)[2].startswith("A cell is longer than 5,000,000 characters.")


def test_a_million_columns_are_refused():
    wide = ",".join("c" * 1_000_000)
    with pytest.raises(Unreadable, match="has 1,000,000 columns; the most is 1,000"):
        rows(wide + "\n1,2")
    found = list(read(f"a,b\n{wide}\n1,2".encode(), RowFormat("csv")))
    assert reasons(found) == {
        1: "The row has 1,000,000 columns; the most is 1,000. Leave some out."
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty"),
        (b" \n\n", "There is only white space in it"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "This file cannot be read"),
    ],
)
def test_what_is_no_table_is_unreadable(data, message):
    with pytest.raises(Unreadable, match=message):
        sniff(data)


def test_types_are_guessed_from_all_cells():
    table = "id,n,when,zip,mixed,none\n"
    table += "a,-1.5e3,2024-02-29,007,1,\nb,2,2024/3/1 ,12,x,\nc,,2024-03-01T10:00:00+02:00,3,,\n"
    assert guess_types(rows(table)) == {
        "id": "text",
        "n": "number",
        "when": "date",
        "zip": "text",
        "mixed": "text",
        "none": "text",
    }
    assert guess_types([Row(1, {"n": 1, "b": True}), Row(2, {"n": 2.5, "d": {}})]) == {
        "n": "number",
        "b": "text",
        "d": "text",
    }


def test_columns_are_those_of_all_rows():
    assert columns([Row(1, {"a": 1}), BadRow(2, "no"), Row(3, {"b": 1, "a": 2})]) == ["a", "b"]


def test_plan_without_columns_is_the_reference_tools():
    plan = Plan(prefix="p/", prepend="About: ")
    row = Row(1, {"key": 7, "a": "One", "b": None, "c": 0, "d": [1, "ü"]})
    assert plan.item(row) == Item("p/7", "", 'About: One  0 [1, "ü"]', {})
    assert plan.item(BadRow(2, "no")) == BadRow(2, "no")


def test_plan_makes_typed_metadata():
    plan = Plan(
        "id",
        title_column="name",
        text_columns=("text",),
        metadata_columns={"price": "number", "day": "date", "kind": "text", "gone": "text"},
    )
    cells = {"id": "a", "name": " Tap ", "text": "Chrome.", "price": "12.50", "kind": ["x"]}
    item = plan.item(Row(4, cells | {"day": "2024/3/1"}))
    assert item == Item("a", "Tap", "Chrome.", {"price": 12.5, "day": "2024-03-01", "kind": ["x"]})
    assert Plan.of(json.loads(json.dumps(plan.as_options()))) == plan
    assert plan.item(Row(5, cells | {"price": "cheap"})) == BadRow(
        5, "'price' should be a number and is 'cheap'. Make its type text."
    )


@pytest.mark.parametrize(
    ("plan", "cells", "reason"),
    [
        (Plan(), {}, "The row has no columns."),
        (Plan(), {"id": " ", "a": "x"}, "The row has no id: 'id' is empty."),
        (Plan("key"), {"id": "1", "a": "x"}, "The row has no id: 'key' is empty."),
        (Plan(), {"id": "1", "a": ""}, "The row has no text in the columns chosen for it."),
    ],
)
def test_row_without_id_or_text_is_refused_in_words(plan, cells, reason):
    assert plan.item(Row(3, cells)) == BadRow(3, reason)


def test_numbered_plan_takes_the_rows_number_as_its_id():
    assert Plan(numbered=True).item(Row(3, {"a": "x", "b": "y"})) == Item("3", "", "x y", {})


def test_suggestion_finds_id_title_text_and_metadata():
    text = "Brand,SKU,Title,About,Price,Since\n"
    text += "Axor,a1,Tap,A tap of solid brass with a long neck,9.5,2020-01-02\n"
    text += "Kohler,a2,Spout,Water comes out of it in a broad stream,8,2021-01-02\n"
    assert suggest(rows(text)) == Plan(
        "SKU",
        title_column="Title",
        text_columns=("About",),
        metadata_columns={"Brand": "text", "Price": "number", "Since": "date"},
    )
    assert suggest(rows("word,more\na,b\n")) == Plan("word", text_columns=("more",))
    assert suggest([]) == Plan(text_columns=())


def test_format_survives_json():
    form = RowFormat("csv", "cp1252", ";", header=False, spaced=True)
    assert RowFormat(**json.loads(json.dumps(form.as_options()))) == form


def test_ndjson_whose_first_line_is_longer_than_the_sample_is_told_by_its_name():
    lines = [json.dumps({"id": n, "text": "word " * 20_000}) for n in range(3)]
    form = sniff("\n".join(lines).encode(), "notes.ndjson")
    assert form.kind == "ndjson"
