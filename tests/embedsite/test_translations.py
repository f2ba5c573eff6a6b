"""Compiling catalogues without gettext, and the catalogues themselves."""

import gettext
import os
from pathlib import Path

import pytest
from babel.messages.checkers import checkers
from babel.messages.pofile import PoFileError, read_po
from django.conf import settings

from embedsite.translations import compile_all

CATALOGUES = sorted(Path(settings.BASE_DIR).glob("*/locale/*/LC_MESSAGES/*.po"))
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


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-5])
def test_translations_keep_their_placeholders(path):
    with path.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hant", abort_invalid=True)
    wrong = {}
    for message in catalogue:
        if message.id and message.string and not message.fuzzy:
            for check in checkers:
                try:
                    check(catalogue, message)
                except ValueError as error:
                    wrong[str(message.id)] = str(error)
    assert wrong == {}
