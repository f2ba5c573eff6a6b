"""What a query is understood as, and what only looks like syntax."""

import pytest

from search_app.analysis.query import RESERVED, Field, Query, condition, names, parse


def of(*known):
    return lambda field: field.name in known or field.name in RESERVED


def understood(text, *known):
    query = parse(text, of(*known))
    return query.text, query.phrases, query.excluded, query.prefixes, query.fields


def test_every_kind_of_syntax_in_one_query():
    text = 'boats "at rest" -sail -"old news" type:pdf year:2020..2024 harb*'
    assert understood(text, "year") == (
        "boats at rest harb",
        ("at rest",),
        ("sail", "old news"),
        ("harb",),
        (Field("type", "is", "pdf"), Field("year", "range", low="2020", high="2024")),
    )


@pytest.mark.parametrize(
    "text",
    [
        "see http://example.org/a?b:c",
        "the train at 10:30",
        "C++ -O2 flags",
        "gcc --verbose -g",
        "std::vector and a:b",
        "-5 degrees",
        "2020 - 2021",
        "co-operation, well-known",
        'a 5" disk',
        'an "open quotation',
        "**bold** and *.py",
        "error: type: unknown",
        '"" empty',
    ],
)
def test_what_only_looks_like_syntax_is_plain_text(text):
    assert parse(text) == Query(" ".join(text.split()))


def test_a_field_is_meant_only_where_documents_have_it():
    assert names('year:2020 "my key":x id:a http://x 10:30') == {"year", "my key"}
    assert parse("year:2020").text == "year:2020"
    assert parse("year:2020", of("year")).fields == (Field("year", "is", "2020"),)
    assert names("metadata.title:x") == {"title"}
    assert parse("metadata.title:x", of("metadata.title")).fields == (
        Field("metadata.title", "is", "x"),
    )


@pytest.mark.parametrize(
    ("text", "phrase"),
    [("“at rest”", "at rest"), ("„at rest“", "at rest"), ('"at   rest",', "at rest")],
)
def test_phrases_may_stand_in_any_quotation_marks(text, phrase):
    assert parse(text).phrases == (phrase,)


def test_parts_can_be_taken_out_one_by_one():
    text = 'boats "at rest" -sail type:pdf'
    query = parse(text)
    assert [(part.kind, part.written, part.without(text)) for part in query.parts] == [
        ("phrase", '"at rest"', "boats -sail type:pdf"),
        ("excluded", "-sail", 'boats "at rest" type:pdf'),
        ("field", "type:pdf", 'boats "at rest" -sail'),
    ]


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ("price:>10", Field("price", "range", low="10", open=True)),
        ("price:<=10", Field("price", "range", high="10")),
        ("price:2..5", Field("price", "range", low="2", high="5")),
        ("price:2..", Field("price", "range", low="2")),
        ("price:*", Field("price", "exists")),
        ("id:notes/*", Field("id", "prefix", "notes/")),
        ('"my key":a b', Field("my key", "is", "a b")),
        ("-type:pdf", Field("type", "is", "pdf", negated=True)),
        ("url:http://x/y", Field("url", "is", "http://x/y")),
        ('name:say "hi"', Field("name", "is", 'say "hi"')),
    ],
)
def test_a_condition_is_read_and_written_alike(written, field):
    assert condition(written) == field
    assert condition(field.written) == field


@pytest.mark.parametrize("written", ["", "price", "price:", ":x", "1:2"])
def test_what_names_no_field_is_no_condition(written):
    assert condition(written) is None


@pytest.mark.parametrize("text", ["a" * 20_000, '"' * 20_000, "a:" * 10_000, '"a" ' * 5_000])
def test_reading_takes_time_in_step_with_the_length(text):
    assert len(parse(text, of("a")).text) <= 20_000


@pytest.mark.parametrize(
    "piece",
    ["„ ", "“ ", '" ', '"x" "', "“ „ ", ' -"', 'a:"', "a:“ ", "aa", "a.", " -aa.", "a:,", "1,,"],
)  # fmt: skip
@pytest.mark.parametrize("end", ["", '"', "*x", ":"])
def test_time_is_in_proportion_to_the_length(piece, end):
    """A hundred times what a search may have: if anything were read again from each place, this
    would take minutes."""
    text = piece * (200_000 // len(piece)) + end
    assert len(parse(text, lambda field: False).text) <= len(text)


def test_a_quotation_does_not_go_over_an_opening_mark():
    assert parse("„old „new words“").phrases == ("new words",)
    assert parse("“old “news").phrases == ()
