"""Archives made to do harm: each read in a process of its own, within 512 MB and 60 seconds."""

import gzip
import io
import lzma
import random
import struct
import tarfile
import warnings
import zipfile
import zlib

import pytest

from collections_app.pipeline.detect import detect_bytes
from tests.collections_app.measured import measured
from tests.collections_app.test_containers import tarred, zipped

MB = 1024 * 1024
ZEROS = b"\0" * MB


@pytest.fixture
def harm(tmp_path):
    """Reads bytes as an upload is read; what came of it."""

    def read(data):
        path = tmp_path / "upload"
        path.write_bytes(data)
        return measured("members", path)

    return read


def header(name, size=0, kind=b"0", **fields):
    """512 bytes of a tar header with a right checksum, whatever else is wrong in it."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    for key, value in fields.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def with_checksum(block):
    """The header with its checksum made right after a change."""
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


def bomb(count):
    """So many MB of zeros in a ZIP entry."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("zeros", "w", force_zip64=True) as stream,
    ):
        for _megabyte in range(count):
            stream.write(ZEROS)
    return file.getvalue()


def patched(data, start, at, value):
    """The bytes with `value` in the place `at` after each `start`."""
    data, place = bytearray(data), data.find(start)
    while place >= 0:
        data[place + at : place + at + len(value)] = value
        place = data.find(start, place + 1)
    return bytes(data)


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def test_a_zip_bomb_of_high_ratio_is_left_out(harm):
    found = harm(bomb(45))
    assert found.taken == {}
    assert found.left_out == {
        "zeros": "It unpacks to more than 200 times its size, as in a ZIP bomb."
    }


def test_a_zip_bomb_over_the_size_of_a_file_is_left_out(harm):
    assert harm(bomb(300)).left_out == {"zeros": "The file is too large: the limit is 50 MB."}


def test_a_zip_bomb_that_lies_about_its_size_gives_no_more_than_it_said(harm):
    data = patched(bomb(300), CENTRAL, 24, struct.pack("<I", 1000))
    found = harm(data)
    assert found.taken == {}
    assert "damaged" in found.left_out["zeros"]


def test_nested_bombs_as_42_zip_are_left_out(harm):
    data = bomb(45)
    for level in range(5):
        data = zipped({f"{level}-{number}.zip": data for number in range(4)})
    found = harm(data)
    assert found.taken == {}
    assert len(found.left_out) == 64
    assert set(found.left_out.values()) == {
        "Archives in archives are read 3 deep. Unpack this one."
    }


def test_a_bomb_two_archives_deep_is_left_out_alone(harm):
    found = harm(zipped({"in.zip": bomb(45), "a.txt": b"a"}))
    assert found.taken == {"a.txt": 1}
    assert list(found.left_out) == ["in.zip/zeros"]


def test_an_archive_that_holds_itself_ends(harm):
    """A quine: gzip of a tar of a gzip … is cut at the depth like any other."""
    data = b"core"
    for _level in range(6):
        data = tarred({"r.tar.gz": data}, "w:gz")
    found = harm(data)
    assert list(found.left_out) == ["r.tar.gz/r.tar.gz/r.tar.gz"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_archives_in_archives_take_no_more_memory_than_is_said(pack, harm):
    data = random.Random(1).randbytes(48 * MB)
    for _level in range(3):
        data = pack({"a": data}) if pack is tarred else pack({"a": data}, zipfile.ZIP_STORED)
    found = harm(data)
    assert found.taken == {"a/a/a": 48 * MB}
    assert found.megabytes < (3 + 2) * 50 + 150


def test_overlapping_entries_are_left_out(harm):
    """Many entries of the directory that all point to the same bytes."""
    data = zipped({"a.txt": b"kernel " * 1000})
    start, end = data.find(CENTRAL), data.find(END)
    one = data[start:end]
    more = b"".join(one.replace(b"a.txt", b"%05d" % number) for number in range(1000))
    count, size = struct.pack("<HH", 1000, 1000), struct.pack("<I", len(more))
    found = harm(data[:start] + more + data[end : end + 8] + count + size + data[end + 16 :])
    assert found.taken == {}
    assert len(found.left_out) == 1000


def test_entries_that_quote_the_headers_of_the_next_are_left_out(harm):
    """Fifield's bomb: each entry's bytes reach over all entries after it."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    last = kernel.compress(ZEROS * 20) + kernel.flush()
    body, central = b"", b""
    for number in reversed(range(50)):
        size = len(body) + (len(last) if not body else 0)
        local = struct.pack("<4s5H3I2H", LOCAL, 20, 0, 8, 0, 0, 0, size, 20 * MB, 2, 0)
        body = local + b"%02d" % number + (body or last)
    at = 0
    for number in range(50):
        size = len(body) - at - 32
        fields = (20, 20, 0, 8, 0, 0, 0, size, min(20 * MB, size * 150), 2, 0, 0, 0, 0, 0, at)
        central += struct.pack("<4s6H3I5H2I", CENTRAL, *fields) + b"%02d" % number
        at += 32
    end = struct.pack("<4s4H2IH", END, 0, 0, 50, 50, len(central), len(body), 0)
    found = harm(body + central + end)
    assert found.taken == {}
    overlaps = [reason for reason in found.left_out.values() if "overlaps" in reason]
    assert len(overlaps) == 49


def test_too_many_entries_are_refused_as_a_whole(harm):
    found = harm(zipped(dict.fromkeys(map(str, range(50_001)), b"")))
    assert found.taken == {}
    assert found.error == "There are more than 50,000 files in it. Split the archive."


def test_a_million_entries_are_refused_before_they_are_read(harm):
    entry = struct.pack("<4s6H3I5H2I", CENTRAL, 20, 20, *[0] * 14) + b"a"
    entry = entry[:28] + struct.pack("<H", 1) + entry[30:]
    central = entry * 1_000_000
    end = struct.pack("<4s4H2IH", END, 0, 0, 0xFFFF, 0xFFFF, len(central), 0, 0)
    found = harm(LOCAL + central + end)
    assert found.megabytes < 200
    assert detect_bytes(LOCAL + central + end) == ""
    assert found.error == "The list of files in the ZIP archive is too long. Split the archive."


def test_folders_without_end_are_refused(harm):
    found = harm(zipped({f"{number}/": b"" for number in range(50_001)}))
    assert found.error == "There are more than 50,000 files in it. Split the archive."


CLIMBING = {
    "../../etc/passwd": "etc/passwd",
    "/etc/shadow": "etc/shadow",
    "C:\\Windows\\win.ini": "Windows/win.ini",
    "..\\..\\up.txt": "up.txt",
    "a/../../b/./c.txt": "a/b/c.txt",
    "//server/share/x": "server/share/x",
    "gnp\u202egpj.exe": "gnpgpj.exe",
    "line\nbreak\u2028.txt": "linebreak.txt",
    "tab\tand\x1b[31mred": "taband[31mred",
}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_climb_or_deceive_are_made_plain(pack, harm):
    found = harm(pack(dict.fromkeys(CLIMBING, b"1")))
    assert list(found.taken) == list(CLIMBING.values())
    assert found.left_out == {}


def test_a_name_with_nul_shows_all_of_it(harm):
    data = zipped({"good.txtZ.exe": b"1"}).replace(b"good.txtZ.exe", b"good.txt\0.exe")
    assert harm(data).taken == {"good.txt.exe": 1}


@pytest.mark.parametrize("name", ["..", "/../..", "\u202e", ".\\.."])
def test_a_name_of_which_nothing_is_left_is_refused(name, harm):
    found = harm(zipped({name: b"1", "a.txt": b"a"}))
    assert found.taken == {"a.txt": 1}
    assert list(found.left_out.values()) == ["A file without a usable name. Rename it."]


def test_a_name_that_is_no_utf_8_although_it_says_so(harm):
    data = zipped({"ÄÄ.txt": b"1"}).replace("ÄÄ".encode(), b"\xff\xfe\xff\xfe")
    assert "damaged" in harm(data).error


def test_a_name_of_65_535_characters(harm):
    found = harm(zipped({"n" * 65_535: b"1"}))
    assert found.taken == {"n" * 65_535: 1}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_of_two_files_of_one_name_the_first_is_taken(pack, harm):
    file = {"a.txt": b"1", "x/../b.txt": b"12", "x/b.txt": b"123"}
    found = harm(pack(file))
    assert found.taken == {"a.txt": 1, "x/b.txt": 2}
    assert found.left_out == {"x/b.txt": "Another file in the archive has the same name."}


def test_an_encrypted_entry_is_left_out(harm):
    data = patched(zipped({"a.txt": b"secret"}), CENTRAL, 8, b"\x01\0")
    data = patched(data, LOCAL, 6, b"\x01\0")
    assert "password" in harm(data).left_out["a.txt"]


def test_a_wrong_checksum_leaves_out_that_file_only(harm):
    data = zipped({"a.txt": b"aaaa", "b.txt": b"bbbb"}, zipfile.ZIP_STORED)
    found = harm(data.replace(b"aaaa", b"aaXa"))
    assert found.taken == {"b.txt": 4}
    assert "Bad CRC-32" in found.left_out["a.txt"]


def test_a_method_that_takes_memory_at_will_is_left_out(harm):
    assert "rare method" in harm(zipped({"a": b"a"}, zipfile.ZIP_LZMA)).left_out["a"]


def test_an_unknown_method_is_left_out(harm):
    data = patched(patched(zipped({"a": b"a"}), CENTRAL, 10, b"\x62\0"), LOCAL, 8, b"\x62\0")
    assert "rare method" in harm(data).left_out["a"]


def test_a_symbolic_link_in_zip_is_left_out(harm):
    file, info = io.BytesIO(), zipfile.ZipInfo("link")
    info.external_attr, info.create_system = 0o120777 << 16, 3
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert harm(file.getvalue()).left_out == {"link": "It is a symbolic link, not a file."}


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_zip_of_which_a_part_is_missing_says_so(keep, harm):
    data = zipped({f"{number}": bytes(range(256)) * 4 for number in range(50)})
    found = harm(data[: int(len(data) * keep)])
    assert found.taken == {}
    assert "damaged or not all of it came" in found.error


@pytest.mark.parametrize("field", [20, 24, 42])
def test_a_zip64_record_that_lies_is_refused(field, harm):
    """Sizes and places of 2**62, told by the extra field of an entry."""
    data = zipped({"a.txt": b"text"})
    start, end = data.find(CENTRAL), data.find(END)
    entry = patched(data[start:end], CENTRAL, field, b"\xff\xff\xff\xff")
    extra = struct.pack("<HHQ", 1, 8, 2**62)
    entry = entry[:30] + struct.pack("<H", len(extra)) + entry[32:] + extra
    found = harm(data[:start] + entry + patched(data[end:], END, 12, struct.pack("<I", len(entry))))
    assert found.taken == {}
    assert list(found.left_out) == ["a.txt"] or found.error


def test_a_zip64_end_that_tells_a_directory_of_2_to_the_62_bytes(harm):
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 2**62, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 4, 1)
    end = struct.pack("<4s4H2IH", END, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    assert harm(LOCAL + record + locator + end).error


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "It is a link to another file, not a file."),
        (tarfile.LNKTYPE, "It is a link to another file, not a file."),
        (tarfile.CHRTYPE, "It is a device or a special file, not an ordinary one."),
        (tarfile.BLKTYPE, "It is a device or a special file, not an ordinary one."),
        (tarfile.FIFOTYPE, "It is a device or a special file, not an ordinary one."),
        (b"Z", "It is a device or a special file, not an ordinary one."),
    ],
)
def test_what_is_no_file_in_tar_is_left_out(kind, reason, harm):
    data = header("bad", kind=kind, linkname="/etc/passwd") + tarred({"a.txt": b"a"})
    found = harm(data)
    assert found.taken == {"a.txt": 1}
    assert found.left_out == {"bad": reason}


def test_a_sparse_file_of_a_terabyte_is_left_out(harm):
    block = bytearray(header("sparse", size=512, kind=tarfile.GNUTYPE_SPARSE))
    block[386:398], block[398:410], block[483:495] = (
        b"0" * 11 + b"\0",
        b"1000".rjust(11, b"0") + b"\0",
        b"7" * 11 + b"\0",
    )
    data = with_checksum(bytes(block)) + b"x" * 512 + tarred({"a.txt": b"a"})
    found = harm(data)
    assert found.taken == {"a.txt": 1}
    assert list(found.left_out) == ["sparse"]


def test_a_tar_with_a_negative_size_ends(harm):
    block = bytearray(header("loop"))
    block[124:136] = b"\xff" * 10 + struct.pack(">h", -512)
    found = harm(with_checksum(bytes(block)) * 3)
    assert found.taken == {}
    assert found.error


def test_a_tar_header_that_asks_for_gigabytes_is_refused(harm):
    data = header("long", size=2**32, kind=tarfile.GNUTYPE_LONGNAME) + b"n" * MB
    assert harm(data).error == "A header in the tar archive is too long. Pack it again."


def test_a_pax_header_that_makes_expressions_run_long_is_bounded(harm):
    slow = b"1" * (32 * 1024 - 512)
    data = header("pax", size=len(slow), kind=tarfile.XHDTYPE) + slow + b"\0" * 512
    found = harm(data + tarred({"a.txt": b"a"}))
    assert found.seconds < 30


def test_pax_headers_one_after_another_end(harm):
    one = b"12 path=abc\n"
    block = header("pax", size=len(one), kind=tarfile.XHDTYPE) + one.ljust(512, b"\0")
    assert "damaged" in harm(block * 5000 + tarred({"a": b"a"})).error


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_of_which_a_part_is_missing_says_so_after_what_came(mode, harm):
    chance = random.Random(1)
    data = tarred({f"{number}": chance.randbytes(40_000) for number in range(99)}, mode)
    found = harm(data[: len(data) // 2])
    assert 10 < len(found.taken) < 99
    assert "not all of it came" in found.error or "ends in the middle" in found.error


def test_a_tar_cut_off_between_two_files_says_so(harm):
    data = tarred({"a.txt": b"a" * 512, "b.txt": b"b"})
    found = harm(data[:1024])
    assert found.taken == {"a.txt": 512}
    assert "ends early" in found.error


def test_a_tar_with_a_broken_header_in_the_middle_says_so(harm):
    data = bytearray(tarred({"a.txt": b"a", "b.txt": b"b"}))
    data[1024:1030] = b"broken"
    found = harm(bytes(data))
    assert found.taken == {"a.txt": 1}
    assert "damaged" in found.error


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_packed_tar_bomb_is_stopped(pack, harm):
    data = pack(header("zeros", size=2**33 - 1) + ZEROS * 200)
    found = harm(data)
    assert found.taken == {}
    assert "as in an archive bomb" in found.error or "ends in the middle" in found.error


def test_an_xz_file_that_asks_for_a_dictionary_of_a_gigabyte_is_no_container(harm):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**20}]
    data = bytearray(lzma.compress(tarred({"a": b"a"}), filters=filters))
    properties = data.index(b"\x21\x01", 12) + 2
    data[properties] = 36  # 2**30
    length = (data[12] + 1) * 4
    data[12 + length - 4 : 12 + length] = struct.pack("<I", zlib.crc32(data[12 : 12 + length - 4]))
    assert harm(bytes(data)).error == "It is neither an archive nor a mailbox that can be read."


def test_a_mailbox_without_line_ends_is_bounded(harm):
    start = b"From ada@example.com Tue Nov 24 10:00:00 2026\nSubject: x\n\n"
    found = harm(start + b"x" * (55 * MB))
    assert found.left_out == {"0001.eml": "The file is too large: the limit is 50 MB."}


def test_a_mailbox_of_many_empty_messages_is_refused(harm):
    start = b"From ada@example.com Tue Nov 24 10:00:00 2026\nSubject: x\n\n"
    assert "more than 50,000" in harm(start * 50_001).error


@pytest.mark.parametrize(
    "subject",
    [
        b"../../etc/passwd",
        b"=?utf-8?b?" + b"A" * 60_000 + b"?=",
        b"=?nonsense?q?x?=",
        b"=?utf-8?q?" * 5000,
        b"\xff\xfe\x00broken",
        b"=?utf-8?q?=E2=80=AEgpj.exe?=",
    ],
)
def test_a_subject_that_deceives_gives_a_plain_name(subject, harm):
    start = b"From ada@example.com Tue Nov 24 10:00:00 2026\nSubject: "
    found = harm(start + subject + b"\n\nHello\n")
    (name,) = found.taken
    assert name.startswith("0001")
    assert name.endswith(".eml")
    assert len(name) < 100
    assert not set(name) & set("/\\\u202e\0\n")


def test_random_bytes_after_a_true_beginning_never_hang(harm):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for start in (LOCAL, CENTRAL, END, b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\0\0\4"):
            found = harm(start + bytes(range(256)) * 400)
            assert found.taken == {}
            assert found.error
