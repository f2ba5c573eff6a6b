"""The language reference that `help()` reads, from `pydoc_data.topics`."""

import re
from pydoc_data.topics import topics

from collections_app.demo.documents import DemoDocument

_UNDERLINE = re.compile(r"^(\*{3,}|={3,}|-{3,}|~{3,}|\^{3,})$")
_LEVELS = {"*": 1, "=": 2, "-": 3, "~": 4, "^": 5}
_DEFINITION = re.compile(r"^ {0,3}(?:(?:class|async|exception) )?[\w.]+\(.*\)$")
_QUOTED = re.compile(r'"([^"`\n]+)"')
_DUNDER = re.compile(r"[\w.]*__\w+__[\w.]*(?:\(\))?")
_TABLE = re.compile(r"^ *[|+]")
_STATEMENT = re.compile(
    r"^ +(>>> |@\w|(def|class) \w.*:|(async|with|for|while|if|try)\b.*:$|(import|from) \w)"
    r"|^ +(?:while|if|for|try|with)\b[^.]*:\n",
)
_REMARK = re.compile(r"(?:Note|See also|Warning|Important|Changed in [^\n]*):\s*$")


def documents() -> list[DemoDocument]:
    """One Markdown document per topic; a text under two names is kept under the shorter."""
    first: dict[str, str] = {}
    for name in sorted(topics, key=lambda name: (len(name), name)):
        first.setdefault(topics[name], name)
    return [
        DemoDocument(
            external_id=name,
            title=_title(text),
            text=markdown(text),
            media_type="text/markdown",
            metadata={"topic": name},
        )
        for text, name in sorted(first.items(), key=lambda pair: pair[1])
    ]


def _title(text: str) -> str:
    return text.strip().partition("\n")[0].replace('"', "").strip()


def markdown(text: str) -> str:
    """Markdown of a topic: headings, fenced code and tables, inline code."""
    return (
        "\n\n".join(
            "```\n" + _dedent(block) + "\n```" if is_code else _prose(block)
            for block, is_code in _blocks(text)
        )
        + "\n"
    )


def _blocks(text: str) -> list[tuple[str, bool]]:
    """Runs of lines between blank lines, and whether each is code; code runs are joined."""
    blocks: list[tuple[str, bool]] = []
    for block in re.split(r"\n[ \t]*\n", text.strip("\n")):
        if not block.strip() or _UNDERLINE.match(block.strip()):
            continue
        previous, was_code = blocks[-1] if blocks else ("", False)
        if was_code and _indent(block) >= max(_indent(previous), 3):
            blocks[-1] = (previous + "\n\n" + block, True)
        else:
            blocks.append((block, _is_code(block, previous)))
    return blocks


def _indent(block: str) -> int:
    return len(block) - len(block.lstrip(" "))


def _is_code(block: str, previous: str) -> bool:
    """Tables, grammar, sessions, and what stands deeper after a line that ends with a colon."""
    if _TABLE.match(block):
        return True
    if _indent(block) < 3:
        return False
    if "::=" in block or _STATEMENT.match(block):
        return True
    introduced = previous.rstrip().endswith(":") and not _REMARK.search(previous)
    return introduced and _indent(block) > _indent(previous)


def _dedent(block: str) -> str:
    lines = block.split("\n")
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[margin:] for line in lines)


def _prose(block: str) -> str:
    lines = block.split("\n")
    if len(lines) >= 2 and _UNDERLINE.match(lines[1].strip()):
        heading = "#" * _LEVELS[lines[1].strip()[0]] + " " + _inline(lines[0].strip())
        return "\n".join([heading, *map(_inline, lines[2:])])
    if _DEFINITION.match(lines[0]):
        return "\n".join([f"`{lines[0].strip()}`", *map(_inline, lines[1:])])
    return "\n".join(map(_inline, lines))


def _inline(line: str) -> str:
    """The reference quotes code like "this"; dunder names would read as bold."""
    parts = _QUOTED.sub(r"`\1`", line).split("`")
    parts[::2] = [_DUNDER.sub(r"`\g<0>`", part) for part in parts[::2]]
    return "`".join(parts)
