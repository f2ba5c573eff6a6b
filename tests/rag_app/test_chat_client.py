"""The chat client against a real server that behaves in every way one can."""

import json
import socket
import time

import pytest

from rag_app.language import chat
from rag_app.language.openai_compatible import OpenAICompatible, endpoint
from tests.rag_app.chat_server import ChatServer, delta, raw, streamed, whole

KEY = "sk-very-secret"
MESSAGES = [{"role": "user", "content": "Hello?"}]


@pytest.fixture
def server():
    with ChatServer() as running:
        yield running


def client(server, **options):
    options = {"silence_seconds": 60, "total_seconds": 120} | options
    return OpenAICompatible(server.url, "scripted-1", KEY, **options)


def read(server, **options):
    """(text that came, the error after it or None)."""
    pieces = []
    try:
        for piece in client(server, **options).stream(MESSAGES):
            pieces.append(piece)
    except chat.ChatError as error:
        return "".join(pieces), error
    return "".join(pieces), None


def told(error):
    """All that an error says, to the operator or to anyone."""
    return f"{error} {error.detail} {error!r}"


def test_stream_comes_in_pieces_and_the_request_is_right(server):
    server.reply = streamed("Two ", "words.")
    assert list(client(server).stream(MESSAGES)) == ["Two ", "words."]
    assert server.paths == ["/v1/chat/completions"]
    asked = {"model": "scripted-1", "messages": MESSAGES, "stream": True}
    assert server.requests == [asked | {"stream_options": {"include_usage": True}}]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_piece_is_given_before_the_next_is_sent(server):
    def reply(handler):
        handler.begin(200, "text/event-stream")
        handler.send(delta("first"))
        server.go.wait(60)
        handler.send(delta("second", "stop"))

    server.reply = reply
    pieces = client(server).stream(MESSAGES)
    assert next(pieces) == "first"
    server.go.set()
    assert list(pieces) == ["second"]


def test_whole_json_is_taken_too(server):
    server.reply = whole("All at once.")
    assert read(server) == ("All at once.", None)


def test_stream_without_done_is_whole_if_it_gave_a_reason(server):
    server.reply = raw(delta("Fine.", "stop"), "text/event-stream")
    assert read(server) == ("Fine.", None)


def test_no_key_sends_no_authorization(server):
    list(OpenAICompatible(server.url, "scripted-1").stream(MESSAGES))
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("end", ["\n", "é", "密"])
def test_key_that_no_header_can_carry_is_not_told(server, end):
    with pytest.raises(chat.Unreachable) as caught:
        list(OpenAICompatible(server.url, "scripted-1", KEY + end).stream(MESSAGES))
    assert KEY not in told(caught.value)
    assert server.requests == []


def test_key_is_not_in_the_representation(server):
    assert KEY not in repr(client(server))


def test_closed_port_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    model = OpenAICompatible(f"http://127.0.0.1:{port}", "scripted-1", KEY)
    with pytest.raises(chat.Unreachable) as caught:
        list(model.stream(MESSAGES))
    assert KEY not in told(caught.value)


@pytest.mark.parametrize("url", ["no address", "ftp://127.0.0.1/", "http://", "http://[bad"])
def test_bad_address_is_a_chat_error(url):
    with pytest.raises(chat.ChatError):
        list(OpenAICompatible(url, "scripted-1").stream(MESSAGES))


def test_silence_before_the_answer_times_out(server):
    server.reply = lambda handler: server.go.wait(60)
    text, error = read(server, silence_seconds=0.1)
    assert (text, type(error)) == ("", chat.TimedOut)


def test_silence_in_the_middle_times_out_and_keeps_the_text(server):
    def reply(handler):
        handler.begin(200, "text/event-stream")
        handler.send(delta("So far"))
        server.go.wait(60)

    server.reply = reply
    text, error = read(server, silence_seconds=1.5)  # in which the first words must come
    assert (text, type(error)) == ("So far", chat.TimedOut)


def test_slow_drip_ends_with_the_total_time(server):
    def reply(handler):
        handler.begin(200, "text/event-stream")
        while True:
            handler.send(": still thinking\n\n")
            time.sleep(0.02)

    server.reply = reply
    text, error = read(server, total_seconds=0.2)
    assert (text, type(error)) == ("", chat.TimedOut)
    assert server.left.wait(60)


def test_endless_body_is_stopped(server):
    def reply(handler):
        handler.begin(200, "text/event-stream")
        while True:
            handler.send(delta("x" * 1000))

    server.reply = reply
    text, error = read(server, max_bytes=500_000)
    assert type(error) is chat.TooLarge
    assert set(text) == {"x"}
    assert server.left.wait(60)


def test_endless_line_is_stopped(server):
    def reply(handler):
        handler.begin(200, "text/event-stream")
        while True:
            handler.send("data: " + "x" * 10_000)

    server.reply = reply
    assert type(read(server)[1]) is chat.Malformed


@pytest.mark.parametrize(
    "body",
    [
        "data: {not json\n\n",
        "data: []\n\n",
        "data: 1\n\n",
        'data: {"choices": 3}\n\n',
        'data: {"choices": [3]}\n\n',
        'data: {"choices": [{"delta": {"content": 3}}]}\n\n',
        'data: {"choices": [{"delta": 3}]}\n\n',
        b"data: \xff\xfe\n\n",
        "data: " + "[" * 100_000 + "\n\n",
    ],
)
def test_malformed_stream_says_so(server, body):
    server.reply = raw(body, "text/event-stream")
    text, error = read(server)
    assert (text, type(error)) == ("", chat.Malformed)


@pytest.mark.parametrize("body", ["", "{", "[]", '{"id": 1}', b"\xff"])
def test_malformed_whole_reply_says_so(server, body):
    server.reply = raw(body, "application/json")
    assert type(read(server)[1]) is chat.Malformed


def test_wrong_content_type_is_named(server):
    server.reply = raw("<h1>Welcome to the router</h1>", "text/html")
    error = read(server)[1]
    assert (type(error), error.detail) == (
        chat.Malformed,
        "the reply is text/html, not text/event-stream",
    )


def test_compressed_reply_is_refused(server):
    server.reply = raw(b"\x1f\x8b", "text/event-stream", Content_Encoding="gzip")
    assert type(read(server)[1]) is chat.Malformed


def test_error_status_keeps_its_message_but_not_the_key(server):
    body = f'{{"error": {{"message": "No such key: {KEY}"}}}}'
    server.reply = raw(body, "application/json", 401)
    error = read(server)[1]
    assert (type(error), error.status, error.message) == (
        chat.Refused,
        401,
        "No such key: ***",
    )
    assert KEY not in told(error)


@pytest.mark.parametrize("before", range(150, 330, 20))
@pytest.mark.parametrize("shown", [KEY, KEY[:8] + "****" + KEY[-6:], f"Bearer {KEY}"])
def test_key_is_cut_out_before_the_message_is(server, before, shown):
    """A key across the end of what is kept would leave its beginning."""
    message = "x" * before + f" {shown}"
    for reply in (
        raw(json.dumps({"error": message}), "application/json", 401),
        raw(f"data: {json.dumps({'error': {'message': message}})}\n\n", "text/event-stream"),
    ):
        server.reply = reply
        error = read(server)[1]
        assert type(error) is chat.Refused
        assert len(error.message) <= 200
        for part in (KEY[:6], KEY[-6:]):
            assert part not in told(error)


@pytest.mark.parametrize(
    "reply",
    [
        raw("x", f"text/{KEY}"),
        raw("", "text/plain", 302, Location=f"http://e.example/?k={KEY}&" + "y" * 9000),
    ],
)
def test_headers_are_told_in_short_and_without_the_key(server, reply):
    server.reply = reply
    error = read(server)[1]
    assert len(error.detail) < 300
    assert KEY not in told(error)


def test_servers_words_are_one_line_of_visible_text(server):
    words = "<html><body onload=x>\u202eNo\u202c  <b>quota</b>\n\u001b[2Jleft</body>"
    server.reply = raw(json.dumps({"error": {"message": words}}), "application/json", 429)
    assert read(server)[1].message == "No quota [2Jleft"


def test_error_in_the_middle_may_have_a_status_of_its_own(server):
    body = delta("Half") + 'data: {"error": {"code": 429, "message": "slow down"}}\n\n'
    server.reply = raw(body, "text/event-stream")
    text, error = read(server)
    assert (text, error.status, error.message) == ("Half", 429, "slow down")


def test_error_status_with_a_page_is_told_by_its_number(server):
    server.reply = raw("<html>" + "x" * 200_000, "text/html", 502)
    error = read(server)[1]
    assert (type(error), str(error)) == (chat.Refused, "502")


def test_error_inside_the_stream_is_a_refusal_and_keeps_the_text(server):
    body = delta("Half") + 'data: {"error": {"message": "overloaded"}}\n\n'
    server.reply = raw(body, "text/event-stream")
    text, error = read(server)
    assert (text, type(error), error.message) == ("Half", chat.Refused, "overloaded")


def test_redirect_is_not_followed(server):
    with ChatServer() as elsewhere:
        server.reply = raw("", "text/plain", 307, Location=f"{elsewhere.url}/v1/chat/completions")
        error = read(server)[1]
        assert (type(error), error.status) == (chat.Refused, 307)
        assert elsewhere.requests == []


def test_cut_off_stream_keeps_the_text(server):
    server.reply = streamed("Half of", end="")
    text, error = read(server)
    assert (text, type(error)) == ("Half of", chat.CutOff)


def test_connection_that_breaks_in_the_middle_is_cut_off(server):
    def reply(handler):
        handler.begin(200, "text/event-stream", Content_Length="10000")
        handler.send(delta("Half of"))

    server.reply = reply
    text, error = read(server)
    assert (text, type(error)) == ("Half of", chat.CutOff)


@pytest.mark.parametrize(
    ("reason", "kind"), [("length", chat.LengthLimit), ("content_filter", chat.Filtered)]
)
def test_answer_that_was_stopped_is_not_whole(server, reason, kind):
    server.reply = raw(delta("Half of", reason), "text/event-stream")
    text, error = read(server)
    assert (text, type(error)) == ("Half of", kind)


def test_unstorable_characters_are_left_out(server):
    server.reply = streamed("a\x00b", "\ud800c")
    assert read(server) == ("abc", None)


def test_closing_early_hangs_up(server):
    def reply(handler):
        handler.begin(200, "text/event-stream")
        while True:
            handler.send(delta("more "))
            time.sleep(0.01)

    server.reply = reply
    pieces = client(server).stream(MESSAGES)
    assert next(pieces) == "more "
    pieces.close()
    assert server.left.wait(60)


@pytest.mark.parametrize(
    ("base", "full"),
    [
        ("http://host:1", "http://host:1/v1/chat/completions"),
        ("http://host:1/", "http://host:1/v1/chat/completions"),
        ("http://host:1/v1/", "http://host:1/v1/chat/completions"),
        ("https://host/api/openai", "https://host/api/openai/chat/completions"),
    ],
)
def test_endpoint_of_a_base(base, full):
    assert endpoint(base) == full
