"""What may be fetched and what not, tried on addresses, on a local server, and on its tricks."""

import gzip
import time
import zlib

import httpcore
import pytest

from collections_app.sources import addresses, fetch
from collections_app.sources.addresses import Refused, may_connect, parse
from collections_app.sources.fetch import Fetcher, FetchError, Later
from tests.collections_app.web_server import WebServer, page, redirect, tagged

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick(settings):
    settings.FETCH_DELAY_SECONDS = 0


@pytest.fixture
def server(settings):
    """The one address of this machine that may be fetched from, for these tests only."""
    with WebServer() as started:
        settings.FETCH_ALLOWED_NETWORKS = ["127.0.0.1/32"]
        settings.FETCH_ALLOWED_PORTS = [started.port]
        yield started


@pytest.fixture
def names(monkeypatch):
    """Names as the test has them: `{name: [[addresses of the first answer], …]}`."""
    answers: dict[str, list[list[str]]] = {}

    def resolve(host, port):
        found = answers.get(host, [[host]])
        return found.pop(0) if len(found) > 1 else found[0]

    monkeypatch.setattr(addresses, "resolve", resolve)
    return answers


@pytest.fixture
def no_connections(monkeypatch):
    """Nothing may be connected to, not even tried."""
    tried = []
    monkeypatch.setattr(
        httpcore.SyncBackend, "connect_tcp", lambda self, host, *a, **k: tried.append(host)
    )
    yield
    assert tried == []


def get(url, **options):
    return Fetcher(sleep=lambda seconds: None, **options).get(url)


INTERNAL = [
    "http://127.0.0.1/",
    "http://127.8.9.10/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://192.0.0.192/",
    "http://198.18.0.1/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "https://127.0.0.1/",
]
MALFORMED = [
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.1./",
    "http://localhost./",
    "http://0/",
    "http://１２７.０.０.１/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://example.com@127.0.0.1/",
    "http://user:secret@example.com/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com%00.evil.org/",
    "http://exam ple.com/",
    "http://[fe80::1%25eth0]/",
    "http:///etc/passwd",
    "http://",
    "//example.com/",
    "example.com",
    "",
    "file:///etc/passwd",
    "gopher://example.com/",
    "ftp://example.com/",
    "data:text/plain,x",
    "unix:/run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/",
    "jar:http://example.com!/x",
    "http://example.com:22/",
    "http://example.com:6379/",
    "http://example.com:99999/",
    "http://" + "a" * 5000 + ".com/",
]


@pytest.mark.parametrize("url", INTERNAL)
def test_internal_addresses_are_refused_and_never_connected_to(url, no_connections):
    with pytest.raises(Refused, match="is not on the public internet"):
        get(url)


@pytest.mark.parametrize("url", MALFORMED)
def test_addresses_that_are_no_plain_web_address_are_refused(url, no_connections):
    with pytest.raises(Refused):
        get(url)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001::200e"]
)
def test_public_addresses_may_be_connected_to(address):
    assert may_connect(address)


def test_name_with_one_internal_address_among_others_is_refused(names, no_connections):
    names["mixed.example"] = [["93.184.216.34", "10.0.0.5"]]
    with pytest.raises(Refused, match=r"^mixed\.example is not on .* it leads to 10"):
        get("http://mixed.example/")


def test_name_that_answers_twice_differently_is_asked_once(names, monkeypatch):
    names["rebind.example"] = [["93.184.216.34"], ["127.0.0.1"]]
    tried = []

    def connect(self, host, port, *rest, **options):
        tried.append((host, port))
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    monkeypatch.setattr(fetch, "ATTEMPTS", 1)
    with pytest.raises(FetchError, match="cannot be reached"):
        get("http://rebind.example/")
    with pytest.raises(Refused, match="it leads to 127"):
        get("http://rebind.example/")
    assert tried == [("93.184.216.34", 80)]


def test_name_is_kept_for_the_host_header_while_the_vetted_address_is_connected_to(server, names):
    names["notes.example"] = [["127.0.0.1"]]
    server.pages["/a?b=1"] = page("Hello.")
    found = get(f"http://notes.example:{server.port}/a?b=1#fragment")
    assert (found.data, found.media_type) == (b"Hello.", "text/html")
    assert server.headers[0]["Host"] == f"notes.example:{server.port}"
    assert server.headers[0]["User-Agent"] == "embedsite"


def test_other_addresses_stay_refused_where_one_network_is_allowed(server):
    with pytest.raises(Refused):
        get(f"http://127.0.0.2:{server.port}/")
    with pytest.raises(Refused):
        get(f"http://[::ffff:127.0.0.1]:{server.port}/")


def test_proxies_of_the_environment_are_not_used(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.pages["/"] = page("Hello.")
    assert get(server.url + "/").data == b"Hello."


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/",
        "http://127.0.0.2/",
        "http://[::1]/",
        "//10.0.0.1/",
        "http://2130706433/",
        "http://user@127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://127.0.0.1/",
        "http://internal.example/",
        "http://127.0.0.1:6379/",
        "http://[",
    ],
)
def test_redirects_are_vetted_as_the_first_address_was(server, names, location):
    names["internal.example"] = [["10.0.0.7"]]
    server.pages["/"] = redirect(location)
    with pytest.raises(Refused):
        get(server.url + "/")
    assert server.asked == ["/"]


def test_redirects_to_what_may_be_fetched_are_followed(server):
    server.pages["/"] = redirect("/moved")
    server.pages["/moved"] = redirect(f"{server.url}/there", status=308)
    server.pages["/there"] = page("Here it is.")
    found = get(server.url + "/")
    assert (found.data, found.url) == (b"Here it is.", f"{server.url}/there")


def test_redirects_in_a_circle_end(server):
    server.pages["/"] = redirect("/")
    with pytest.raises(FetchError, match="from one to another without end"):
        get(server.url + "/")
    assert len(server.asked) == fetch.REDIRECTS + 1


def test_secret_headers_stay_with_the_host_they_were_given_for(server, names, settings):
    names["other.example"] = [["127.0.0.1"]]
    other = f"http://other.example:{server.port}"
    server.pages |= {"/": redirect("/same"), "/same": redirect(f"{other}/away")}
    server.pages["/away"] = page("Away.")
    get(server.url + "/", home=server.url, secret_headers={"Authorization": "Bearer secret"})
    sent = [headers.get("Authorization") for headers in server.headers]
    assert (server.asked, sent) == (["/", "/same", "/away"], ["Bearer secret"] * 2 + [None])


def drip(handler):
    """Headers, a byte at a time, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while True:
        handler.wfile.write(b"a")
        handler.wfile.flush()
        time.sleep(0.02)


def silent(handler):
    handler.server.left.wait(60)


def drip_body(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        handler.wfile.write(b"a")
        handler.wfile.flush()
        time.sleep(0.02)


@pytest.mark.parametrize("reply", [drip, silent, drip_body])
def test_slow_answers_end_with_the_time_allowed(server, settings, monkeypatch, reply):
    settings.FETCH_TIMEOUT_SECONDS = 0.4
    monkeypatch.setattr(fetch, "ATTEMPTS", 1)
    server.pages["/"] = reply
    began = time.monotonic()
    with pytest.raises(FetchError, match="did not answer in time"):
        get(server.url + "/")
    assert time.monotonic() - began < 30


def endless(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(b"a" * 65536)


def test_endless_body_is_cut_off(server):
    server.pages["/"] = endless
    with pytest.raises(FetchError, match="is larger than 1 MB"):
        get(server.url + "/", most_bytes=1024 * 1024)
    assert server.left.wait(60)


def endless_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-More: " + b"a" * 8000 + b"\r\n")


def test_endless_headers_are_cut_off(server, monkeypatch):
    monkeypatch.setattr(fetch, "ATTEMPTS", 1)
    server.pages["/"] = endless_headers
    with pytest.raises(FetchError, match="does not speak HTTP"):
        get(server.url + "/")


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(bytes(200 * 1024 * 1024), 6), "gzip"),
        (zlib.compress(bytes(200 * 1024 * 1024), 6), "deflate"),
    ],
    ids=["gzip", "deflate"],
)
def test_bombs_are_cut_off_while_they_are_small(server, packed, encoding):
    server.pages["/"] = page(packed, Content_Encoding=encoding)
    with pytest.raises(FetchError, match="is larger than 1 MB"):
        get(server.url + "/", most_bytes=1024 * 1024)


def test_packed_answers_are_unpacked(server):
    server.pages["/"] = page(gzip.compress(b"Hello."), Content_Encoding="gzip")
    assert get(server.url + "/").data == b"Hello."


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"not packed", "gzip"), (gzip.compress(b"a" * 500)[:-4], "gzip"), (b"x", "br, gzip")],
    ids=["not packed", "cut off", "packed twice"],  # the bytes tell the time
)
def test_damaged_packing_is_told(server, body, encoding):
    server.pages["/"] = page(body, Content_Encoding=encoding)
    with pytest.raises(FetchError, match="The answer is"):
        get(server.url + "/")


def test_unchanged_pages_are_told_by_their_validators(server):
    server.pages["/"] = tagged("Hello.", '"v1"')
    fetcher = Fetcher()
    first = fetcher.get(server.url + "/")
    again = fetcher.get(server.url + "/", known=first.validators)
    assert (first.validators, first.unchanged) == ({"etag": '"v1"'}, False)
    assert (again.unchanged, again.data) == (True, b"")


def test_errors_that_may_pass_are_tried_again_with_growing_pauses(server):
    server.pages["/"] = page("", status=503)
    pauses = []
    with pytest.raises(FetchError, match="answered with 503"):
        Fetcher(sleep=pauses.append).get(server.url + "/")
    assert (len(server.asked), pauses) == (3, [1.0, 4.0])


def test_errors_that_stay_are_not(server):
    with pytest.raises(FetchError, match="answered with 404"):
        get(server.url + "/gone")
    assert len(server.asked) == 1


def test_retry_after_is_waited_for_or_put_off(server):
    server.pages["/"] = page("", status=429, Retry_After="7")
    pauses = []
    with pytest.raises(FetchError):
        Fetcher(sleep=pauses.append).get(server.url + "/")
    assert pauses == [7.0, 7.0]
    server.pages["/"] = page("", status=429, Retry_After="3600")
    with pytest.raises(Later) as caught:
        get(server.url + "/")
    assert caught.value.seconds == 3600


def test_hosts_are_given_a_pause(server, settings):
    settings.FETCH_DELAY_SECONDS = 30
    server.pages["/"] = page("Hello.")
    pauses = []
    fetcher = Fetcher(sleep=pauses.append)
    fetcher.get(server.url + "/")
    fetcher.get(server.url + "/")
    assert 29 < pauses[-1] <= 30


def test_parts_of_an_address_are_those_that_are_connected_to():
    target = parse("https://München.example/a b?q=ü#top")
    assert str(target) == "https://xn--mnchen-3ya.example/a%20b?q=%C3%BC"
    assert (target.host, target.port) == ("xn--mnchen-3ya.example", 443)
