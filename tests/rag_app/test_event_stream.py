"""Server-sent events, read and written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_app.language import sse
from rag_app.language.chat import Malformed


@pytest.mark.parametrize(
    ("wire", "events"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data:a\n\n", ["a"]),
        (b"data:  a\n\n", [" a"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b"data\n\n", [""]),
        (b": comment\nevent: x\nid: 1\ndata: a\n\n", ["a"]),
        (b"\n\n\n", []),
        (b"data: a", []),
        (b"data: a\n", ["a"]),
        (b"data: \xc3\xa9\n\n", ["é"]),
    ],
)
def test_events_are_read_however_they_are_cut(wire, events):
    assert list(sse.events([wire])) == events
    assert list(sse.events(bytes([byte]) for byte in wire)) == events


def test_line_without_an_end_is_malformed():
    with pytest.raises(Malformed):
        list(sse.events([b"x" * (sse.MAX_LINE + 1)]))


def test_bytes_that_are_not_text_are_malformed():
    with pytest.raises(Malformed):
        list(sse.events([b"data: \xff\n\n"]))


@given(st.text())
def test_what_is_written_is_read_back(text):
    wire = sse.event("text", {"text": text})
    assert wire.startswith(b"event: text\ndata: ")
    assert [json.loads(data) for data in sse.events([wire])] == [{"text": text}]


@given(st.text())
def test_clean_text_can_be_stored(text):
    cleaned = sse.clean(text)
    cleaned.encode()
    assert "\x00" not in cleaned
