"""Source code as HTML."""

import re
import time
from html import unescape

import pytest

from collections_app.pipeline.code import LANGUAGES, by_name
from collections_app.pipeline.code.highlight import listing
from collections_app.pipeline.code.places import following

PYTHON = by_name("a.py")
CODE = '@once\ndef f(a):\n    """Says <b> & more."""\n    return a + 1  # one'


def shown(html):
    """The text of a listing, without the numbers of its lines."""
    html = re.sub(r'<(a|span) class="code__number"[^>]*>[^<]*</\1>', "", html)
    return unescape(re.sub(r"<[^>]+>", "", html))


def test_pieces_have_classes_and_lines_have_numbers_and_anchors():
    assert listing(CODE, PYTHON, [20, 21, 22, 40]) == (
        '<pre class="code" tabindex="0"><code>'
        '<span class="code__line" id="L20"><a class="code__number" href="#L20" tabindex="-1">20</a>'
        '<span class="tok-meta">@once</span>\n</span>'
        '<span class="code__line" id="L21"><a class="code__number" href="#L21" tabindex="-1">21</a>'
        '<span class="tok-keyword">def</span> <span class="tok-name">f</span>(a):\n</span>'
        '<span class="code__line" id="L22"><a class="code__number" href="#L22" tabindex="-1">22</a>'
        '    <span class="tok-string">&quot;&quot;&quot;Says &lt;b&gt; &amp; more.'
        "&quot;&quot;&quot;</span>\n</span>"
        '<span class="code__line" id="L40"><a class="code__number" href="#L40" tabindex="-1">40</a>'
        '    <span class="tok-keyword">return</span> a + <span class="tok-number">1</span>  '
        '<span class="tok-comment"># one</span>\n</span>'
        "</code></pre>"
    )


def test_marks_stand_within_their_lines_and_the_first_can_be_linked():
    start = CODE.index("f(a)")
    html = listing(CODE, PYTHON, [1, 2, 3, 4], marks=[(start, CODE.index("Says"))])
    assert html.count("<mark") == 2
    assert '<mark id="mark"><span class="tok-name">f</span>(a):</mark>\n' in html
    assert '    <mark><span class="tok-string">&quot;&quot;&quot;</span></mark>' in html
    assert shown(html) == CODE + "\n"
    plain = listing(CODE, PYTHON, [1, 2, 3, 4], marks=[(0, 5), (6, 9)], link=False)
    assert "id=" not in plain
    assert plain.count("<mark>") == 2


def test_anchors_stand_at_their_lines():
    html = listing("a = 1\nb = 2", PYTHON, [1, 2], anchors=[0, 6], first=3)
    assert '</a><span id="p3"></span>a' in html
    assert '</a><span id="p4"></span>b' in html


def test_lines_without_a_number_have_none():
    html = listing("a\nb", PYTHON, [7])
    assert html.count("id=") == 1
    assert '<span class="code__line"><span class="code__number"></span>b\n' in html


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.key)
def test_every_language_is_shown_as_it_stands(language):
    code = "/* <script>alert(1)</script> */\n\n# é \t 'x' \"y\"\nif (a < b) { return `c` }\n\n"
    html = listing(code, language, range(1, 9))
    assert shown(html) == code + "\n"
    assert "<script" not in html


def lines_of(piece):
    """As long as a page's part may be, in lines as long as may be."""
    return "\n".join([(piece * 9_000)[:9_000]] * 11)


@pytest.mark.parametrize(
    "code",
    [
        *(lines_of(piece) for piece in ('"', "(", "\\", "a.b", "<", "f'{", "/*", "`${", " ", "0x")),
        "\n".join(['"""' + "x{" * 40] * 1200),
        "\n".join(["/*" * 30] * 1500),
        "x" * 100_000,
    ],
    ids=lambda code: code[:4],
)
@pytest.mark.parametrize("name", ["a.py", "a.js", "a.cpp", "a.php", "a.rb"])
def test_hostile_code_takes_little_time(name, code):
    start = time.process_time()
    html = listing(code, by_name(name), [1])
    assert time.process_time() - start < 8
    assert shown(html) == code + "\n"


@pytest.mark.parametrize(
    ("lines", "line", "count", "numbers"),
    [
        ("3-5,9-10", 4, 3, [4, 5, 9]),
        ("3-5", 5, 3, [5]),
        ("", 7, 2, [7, 8]),
        ("3-5", 20, 2, [20, 21]),
        (None, 1, 1, [1]),
    ],
)
def test_numbers_of_following_lines(lines, line, count, numbers):
    assert following(lines, line, count) == numbers
