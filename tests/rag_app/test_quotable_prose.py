"""Which sentences of a text can be quoted."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_app.language.prose import blocks, quotable

MARKDOWN = """\
# Running the backup every night

The job runs at three. It copies
the file to another machine.

```sh
sqlite3 notes.db this is not a sentence at all
```

    indented code is not a sentence either, not at all

- Keep seven copies of every file.
- [ ] Test the oldest copy every month.

> A copy nobody tried is no copy.

| a table | is no prose | at all |

Underlined headings are no prose
--------------------------------

1. Delete the copies that are too old.

$ ls -la /var/lib/x/y/z/ | grep -v .db | wc -l > /tmp/out

備份每天晚上執行一次，然後複製到另一台機器。
"""


def sentences(text):
    return [text[start:end] for block in blocks(text) for start, end in quotable(text, block)]


def test_sentences_of_prose_are_quotable_with_code_behind_them_and_nothing_else():
    assert sentences(MARKDOWN) == [
        "The job runs at three.",
        "It copies\nthe file to another machine.\n\n```sh\n"
        "sqlite3 notes.db this is not a sentence at all\n```",
        "Keep seven copies of every file.",
        "Test the oldest copy every month.",
        "A copy nobody tried is no copy.",
        "Delete the copies that are too old.",
        "備份每天晚上執行一次，然後複製到另一台機器。",
    ]


@pytest.mark.parametrize(
    ("text", "quotable"),
    [
        ("[Enabling the WAL mode of files](https://x.example/a.md) - 2020-08-09", False),
        ("* [How to run a nightly backup](https://x.example/a.md)", False),
        ("https://x.example/how-to-run-a-nightly-backup and more", False),
        ("I asked [some questions](https://x.example) and learned a lot.", True),
        ("備份每天晚上執行一次，見[說明](https://x.example)，然後複製。", True),
    ],
)
def test_line_that_is_only_a_link_is_no_sentence(text, quotable):
    assert bool(sentences(text)) is quotable


def test_fence_that_never_ends_hides_the_rest():
    assert sentences("```\nThis is code and not a sentence.\n") == []


@given(st.text(alphabet="ab c.\n#-*>|`~ 1\t", max_size=300))
def test_blocks_are_in_order_and_apart(text):
    spans = [span for block in blocks(text) for span in quotable(text, block)]
    assert all(start < end <= len(text) for start, end in spans)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
