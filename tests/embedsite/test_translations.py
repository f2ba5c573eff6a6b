"""Compiling catalogues without gettext, and the catalogues themselves."""

import gettext
import os
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.checkers import checkers
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import PoFileError, read_po
from django.conf import settings
from django.utils.translation.template import templatize

from embedsite.translations import compile_all

ROOMS = ["embedsite", "collections_app", "search_app", "rag_app"]
KEYWORDS = DEFAULT_KEYWORDS | {
    f"{name}_{kind}": DEFAULT_KEYWORDS[name]
    for name in ("gettext", "ngettext", "pgettext", "npgettext")
    for kind in ("lazy", "noop")
}
HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'


@pytest.fixture
def source(tmp_path):
    """A small catalogue of one room."""
    path = tmp_path / "room" / "locale" / "zh_Hant" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(HEAD + '\nmsgid "Search"\nmsgstr "搜尋"\n', encoding="utf-8")
    return path


def test_catalogue_is_compiled_and_read_by_gettext(source, tmp_path):
    compiled = source.with_suffix(".mo")
    assert compile_all(tmp_path) == [compiled]
    with compiled.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Search") == "搜尋"
    assert sorted(path.name for path in source.parent.iterdir()) == ["django.mo", "django.po"]


def test_catalogue_is_compiled_again_only_when_it_is_newer(source, tmp_path):
    [compiled] = compile_all(tmp_path)
    later = source.stat().st_mtime + 10
    os.utime(compiled, (later, later))
    assert compile_all(tmp_path) == []
    os.utime(source, (later + 10, later + 10))
    assert compile_all(tmp_path) == [compiled]


def test_broken_catalogue_is_refused_and_leaves_the_old_one(source, tmp_path):
    [compiled] = compile_all(tmp_path)
    before = compiled.read_bytes()
    source.write_text(HEAD + '\nmsgid "Search"\nnonsense "x"\n', encoding="utf-8")
    later = compiled.stat().st_mtime + 10
    os.utime(source, (later, later))
    with pytest.raises(PoFileError):
        compile_all(tmp_path)
    assert compiled.read_bytes() == before


@pytest.mark.parametrize("room", ROOMS)
def test_catalogue_has_the_texts_of_its_room_and_no_others(room):
    files = [path for kind in ("py", "html", "txt") for path in folder(room).rglob(f"*.{kind}")]
    wanted = set().union(*map(texts_in, files))
    catalogue = catalogue_of(room)
    have = {entry(message.id, message.context) for message in catalogue if message.id}
    assert {"missing": wanted - have, "left over": have - wanted} == {
        "missing": set(),
        "left over": set(),
    }
    assert list(catalogue.obsolete) == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_is_translated(room):
    without = [
        message.id
        for message in catalogue_of(room)
        if message.id and (message.fuzzy or not message.string or not all(message.string))
    ]
    assert without == []


def test_rooms_translate_a_text_alike():
    """Django merges the catalogues: with two translations the order of the rooms would decide."""
    found = {}
    for message in [message for room in ROOMS for message in catalogue_of(room) if message.id]:
        words = message.string[0] if message.pluralizable else message.string
        found.setdefault(entry(message.id, message.context)[:2], set()).add(words)
    assert {text: words for text, words in found.items() if len(words) > 1} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_translations_keep_their_placeholders(room):
    catalogue = catalogue_of(room)
    wrong = {}
    for message in catalogue:
        if message.id and message.string and not message.fuzzy:
            for check in checkers:
                try:
                    check(catalogue, message)
                except ValueError as error:
                    wrong[str(message.id)] = str(error)
    assert wrong == {}


def test_texts_of_a_module_and_of_a_template_are_found(tmp_path):
    module = tmp_path / "module.py"
    module.write_text('_("One %s") % x\nngettext("a", "b", len(n))\npgettext_lazy("c", "Two")\n')
    template = tmp_path / "page.html"
    template.write_text(
        "    <p title=\"{% translate 'Three' %}\">\n{% blocktranslate count n=x %}one"
        "{% plural %}{{ n }}{% endblocktranslate %}\n  {{ x|default:_('Four') }}</p>"
    )
    assert texts_in(module) == {(None, "One %s", None), (None, "a", "b"), ("c", "Two", None)}
    assert texts_in(template) == {
        (None, "Three", None),
        (None, "one", "%(n)s"),
        (None, "Four", None),
    }


def folder(room):
    return Path(settings.BASE_DIR) / room


def catalogue_of(room):
    with (folder(room) / "locale/zh_Hant/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, locale="zh_Hant", abort_invalid=True)


def texts_in(path):
    """The texts of a module or a template, found without gettext: (context, text, plural)."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # Between parentheses the indentation of a template's lines does not matter.
        source = f"({templatize(source, origin=str(path))})"
    found = extract("python", BytesIO(source.encode()), KEYWORDS)
    return {entry(message, context) for _line, message, _comments, context in found}


def entry(message, context):
    text, plural = message if isinstance(message, tuple) else (message, None)
    return context, text, plural
