"""What goes into an archive or a mailbox comes out of it, byte by byte."""

import bz2
import io
import mailbox
import random
import tarfile
import time
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from collections_app.pipeline.containers import (
    Limits,
    Member,
    Skipped,
    TooMuch,
    Unreadable,
    kind_of,
    members,
)


def zipped(files, method=zipfile.ZIP_DEFLATED):
    """A ZIP archive of `{name: bytes}`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def tarred(files, mode="w", **options):
    """A tar archive of `{name: bytes}`; mode "w:gz" and so on packs it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, **options) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def letters(path, count):
    """A mailbox written by Python's own library; the bytes of each message."""
    box = mailbox.mbox(path)
    sent = []
    for number in range(count):
        message = EmailMessage()
        message["From"] = f"ada{number}@example.com"
        message["Subject"] = f"Engine {number}/β"
        message.set_content(f"Dear Charles,\n\nFrom here on it is number {number}.\n")
        box.add(message)
        sent.append(message.as_bytes())
    box.close()
    return sent


def read(data, tmp_path, name="", **limits):
    path = tmp_path / "container"
    path.write_bytes(data)
    return list(members(path, name, Limits(**limits)))


def taken(found):
    """{name: bytes}; fails when something was left out."""
    assert [one for one in found if isinstance(one, Skipped)] == []
    return {one.name: one.data for one in found}


def reasons(found):
    return {one.name: one.reason for one in found if isinstance(one, Skipped)}


def tree(count, seed):
    """Files of many sizes in folders, under names of several scripts."""
    chance = random.Random(seed)
    folders = ["", "notes/", "notes/deep/er/", "Ωmega/", "資料/", "with space/"]
    endings = [".md", ".txt", ".html", ".json", ".bin", ""]
    return {
        f"{chance.choice(folders)}file {number}{chance.choice(endings)}": chance.randbytes(
            chance.choice([0, 1, 511, 512, 513, 4096, 70_000])
        )
        for number in range(count)
    }


def test_a_mixed_tree_of_150_files_in_nested_archives_comes_out_as_it_went_in(tmp_path):
    loose, flat, inner, packed = tree(60, 1), tree(30, 2), tree(30, 3), tree(20, 4)
    sent = letters(tmp_path / "box", 10)
    whole = dict(loose)
    whole["flat.tar"] = tarred(flat)
    whole["a/packed.tgz"] = tarred({**inner, "deep.zip": zipped(packed)}, "w:gz")
    whole["mail/in.mbox"] = (tmp_path / "box").read_bytes()
    expected = {
        **{f"all.zip/{name}": data for name, data in loose.items()},
        **{f"all.zip/flat.tar/{name}": data for name, data in flat.items()},
        **{f"all.zip/a/packed.tgz/{name}": data for name, data in inner.items()},
        **{f"all.zip/a/packed.tgz/deep.zip/{name}": data for name, data in packed.items()},
        **{
            f"all.zip/mail/in.mbox/{number + 1:04d} Engine {number} β.eml": data
            for number, data in enumerate(sent)
        },
    }
    assert len(expected) == 150
    found = taken(read(zipped(whole), tmp_path, "all.zip"))
    assert {
        name: data.rstrip(b"\n") if name.endswith(".eml") else data for name, data in found.items()
    } == {
        name: data.rstrip(b"\n") if name.endswith(".eml") else data
        for name, data in expected.items()
    }


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_kind_of_tar_is_read(mode, kind, tmp_path):
    files = {"a.txt": b"a", "b/" + "long" * 22 + "/c.txt": b"c" * 1024, "empty": b""}
    assert taken(read(tarred(files, mode, format=kind), tmp_path)) == files


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_every_usual_method_of_zip_is_read(method, tmp_path):
    files = {"a.txt": b"a" * 10_000, "empty": b""}
    assert taken(read(zipped(files, method=method), tmp_path)) == files


def test_members_come_in_order_and_without_a_name_stand_at_the_top(tmp_path):
    data = zipped({"b.txt": b"b", "a.txt": b"a"})
    assert read(data, tmp_path) == [Member("b.txt", b"b"), Member("a.txt", b"a")]
    assert read(data, tmp_path, "x.zip")[0] == Member("x.zip/b.txt", b"b")


def test_the_content_says_what_a_container_is_and_not_its_name(tmp_path):
    data = zipped({"notes.txt": tarred({"in.txt": b"text"}), "fake.zip": b"only words"})
    assert taken(read(data, tmp_path)) == {"notes.txt/in.txt": b"text", "fake.zip": b"only words"}


@pytest.mark.parametrize(
    "files",
    [
        {"word/document.xml": b"<w/>", "[Content_Types].xml": b"<Types/>"},
        {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"},
        {"mimetype": b"application/epub+zip", "META-INF/container.xml": b"<x/>"},
    ],
)
def test_an_office_file_is_a_document_and_no_container(files, tmp_path):
    document = zipped(files)
    assert kind_of(io.BytesIO(document)) is None
    assert taken(read(zipped({"paper": document}), tmp_path)) == {"paper": document}
    with pytest.raises(Unreadable, match="neither an archive nor a mailbox"):
        read(document, tmp_path)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", None),
        (b"From here on, words.\nAnd more: words.\n", None),
        (b"From ada@example.com Tue Nov 24 10:00:00 2026\nSubject: x\n\nHello\n", "mbox"),
        (b"\x1f\x8b\x08 broken", None),
        (b"BZh9 broken", None),
        (b"\xfd7zXZ\x00 broken", None),
        (bz2.compress(b"only text, no archive"), None),
        (b"\0" * 2048, None),
        (b"PK\x03\x04 and then nothing", "zip"),
        (b"\x89PNG\r\n\x1a\n" + zipped({"a": b"b"}), None),
    ],
)
def test_kind_of_content(data, kind):
    assert kind_of(io.BytesIO(data)) == kind


def test_what_file_managers_leave_behind_is_left_out_without_a_word(tmp_path):
    junk = ["__MACOSX/._a.txt", ".DS_Store", "in/.DS_Store", "._a.txt", "Thumbs.db", "desktop.ini"]
    files = {"a.txt": b"a", "folder/": b"", **dict.fromkeys(junk, b"junk")}
    assert taken(read(zipped(files), tmp_path)) == {"a.txt": b"a"}


def test_names_of_zip_written_as_utf_8_without_saying_so_are_read_right(tmp_path):
    data = zipped({"ZZZZZZ.txt": b"a", "YYYYYY.txt": b"b"})
    data = data.replace(b"ZZZZZZ", "資料".encode()).replace(b"YYYYYY", b"caf\x82_1")
    assert taken(read(data, tmp_path)) == {"資料.txt": b"a", "café_1.txt": b"b"}


def test_names_of_tar_that_are_no_utf_8_are_shown_with_a_sign_for_what_is_lost(tmp_path):
    data = tarred({"caf\udce9.txt": b"a"}, errors="surrogateescape", format=tarfile.GNU_FORMAT)
    assert taken(read(data, tmp_path)) == {"caf\ufffd.txt": b"a"}


def test_messages_are_parted_at_their_first_lines_only(tmp_path):
    start = b"From ada@example.com Tue Nov 24 10:00:00 2026\r\n"
    body = b"Subject: =?utf-8?b?zrLOsw==?=\r\n\r\nHello\r\nFrom now on\r\n\r\nFrom nothing\r\n"
    data = start + body + b">From me\r\n>>From you\r\n\r\n" + start + b"To: x\r\n\r\nBye\r\n"
    assert read(data, tmp_path) == [
        Member("0001 βγ.eml", body + b"From me\r\n>From you\r\n\r\n"),
        Member("0002.eml", b"To: x\r\n\r\nBye\r\n"),
    ]


def test_a_member_that_is_too_large_is_left_out_and_the_others_come(tmp_path):
    files = {"a.txt": b"a", "large.txt": b"0123456789", "z.txt": b"z"}
    reason = {"large.txt": "The file is too large: the limit is 8.583e-06 MB."}
    for data in (zipped(files), tarred(files)):
        found = read(data, tmp_path, member_bytes=9)
        assert reasons(found) == reason
        assert [one.name for one in found] == ["a.txt", "large.txt", "z.txt"]


def test_a_message_that_is_too_large_is_left_out_and_the_others_come(tmp_path):
    start = b"From ada@example.com Tue Nov 24 10:00:00 2026\n"
    data = start + b"A: b\n\n" + b"x" * 100 + b"\n\n" + start + b"Subject: small\n\n\n"
    found = read(data, tmp_path, member_bytes=50)
    assert [one.name for one in found] == ["0001.eml", "0002 small.eml"]
    assert list(reasons(found)) == ["0001.eml"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_limits_of_the_whole_end_the_reading(pack, tmp_path):
    data = pack({f"{number}.txt": b"words" * 100 for number in range(20)})
    with pytest.raises(TooMuch, match="more than 19 files"):
        read(data, tmp_path, entries=19)
    with pytest.raises(TooMuch, match="unpacks to more than"):
        read(data, tmp_path, total_bytes=5000)
    with pytest.raises(TooMuch, match="more than 0 seconds"):
        read(data, tmp_path, seconds=0)
    assert len(taken(read(data, tmp_path, entries=20))) == 20


def test_limits_of_the_whole_count_archives_in_archives(tmp_path):
    inner = zipped({"a": b"x" * 600})
    data = zipped({"1.zip": inner, "2.zip": inner})
    assert len(taken(read(data, tmp_path, total_bytes=1500))) == 2
    with pytest.raises(TooMuch):
        read(data, tmp_path, total_bytes=1199)
    with pytest.raises(TooMuch):
        read(data, tmp_path, entries=3)


def test_the_time_that_the_caller_takes_does_not_count(tmp_path, monkeypatch):
    now, clock = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + now[0])
    path = tmp_path / "container"
    path.write_bytes(zipped({"a": b"a", "b": b"b"}))
    reading = members(path, "", Limits(seconds=60))
    first = next(reading)
    now[0] += 61
    assert [first, *reading] == [Member("a", b"a"), Member("b", b"b")]


def test_archives_are_read_to_a_depth(tmp_path):
    data = zipped({"deep.txt": b"text"})
    for _level in range(3):
        data = zipped({"in.zip": data, "side.txt": b"side"})
    found = read(data, tmp_path, depth=3)
    assert reasons(found) == {
        "in.zip/in.zip/in.zip": "Archives in archives are read 3 deep. Unpack this one."
    }
    assert [one.name for one in found if isinstance(one, Member)] == [
        "in.zip/in.zip/side.txt", "in.zip/side.txt", "side.txt"
    ]  # fmt: skip
    assert len(taken(read(data, tmp_path, depth=4))) == 4


def test_notes_as_people_have_them_come_out_of_a_zip(tmp_path):
    notes = Path(__file__).resolve().parents[3] / "shared/data/til"
    if not notes.is_dir():
        pytest.skip("The notes (shared/data/til) are not on this machine.")
    files = {
        path.relative_to(notes).as_posix(): path.read_bytes()
        for path in sorted(notes.rglob("*"))
        if path.is_file()
    }
    for data in (zipped(files), tarred(files, "w:gz")):
        assert taken(read(data, tmp_path)) == files
