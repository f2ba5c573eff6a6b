"""Pictures made to do harm: each read in a process of its own, within 512 MB and 60 seconds."""

import io
import struct
import zlib

import pytest
from PIL import Image

from collections_app.pipeline import images, pictures, sandbox
from collections_app.pipeline.extract import extract
from collections_app.pipeline.extracted import Unreadable
from tests.collections_app.measured import measured
from tests.collections_app.test_containers import zipped
from tests.collections_app.test_images import camera, picture

TOO_LARGE = "The picture is too large: the most is 50 million pixels. Make it smaller."


@pytest.fixture
def harm(tmp_path):
    """Reads bytes as a picture is read; what came of it."""

    def read(data):
        path = tmp_path / "picture"
        path.write_bytes(data)
        return measured("image", path)

    return read


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *chunks, depth=8, colour=2):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND")


def zeros(megabytes):
    pack = zlib.compressobj(9)
    piece = b"\0" * 1024 * 1024
    return b"".join(pack.compress(piece) for _megabyte in range(megabytes)) + pack.flush()


def gif(width, height, *frames):
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return head + b"".join(frames) + b";"


FRAME = b"\x21\xf9\x04\0\0\0\0\0" + b"," + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\0"


def bmp(width, height):
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


def tiff(*entries, after=0):
    """One directory of (tag, type, count, value), and where the next is said to be."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", after)


def tiff_of(width, height, *more, after=0):
    entries = {
        256: (256, 4, 1, width), 257: (257, 4, 1, height), 258: (258, 3, 1, 8),
        259: (259, 3, 1, 1), 262: (262, 3, 1, 1), 273: (273, 4, 1, 200),
        277: (277, 3, 1, 1), 278: (278, 4, 1, height), 279: (279, 4, 1, width * height % 2**32),
    }  # fmt: skip
    entries |= {entry[0]: entry for entry in more}
    return tiff(*entries.values(), after=after).ljust(200, b"\0") + b"\x80" * 1000


@pytest.mark.parametrize(
    "data",
    [
        png(50_000, 50_000, chunk(b"IDAT", zeros(200))),
        png(100_000, 501, chunk(b"IDAT", zeros(140))),
        png(2**31 - 1, 2**31 - 1),
        gif(65_535, 65_535, FRAME),
        bmp(100_000, 100_000),
        tiff_of(60_000, 60_000),
        picture("WEBP").replace(struct.pack("<HH", 60, 40), struct.pack("<HH", 16_383, 16_383)),
        picture("JPEG").replace(struct.pack(">HH", 40, 60), struct.pack(">HH", 65_535, 65_535)),
    ],
    ids=["png", "png-wide", "png-2**31", "gif", "bmp", "tiff", "webp", "jpeg"],
)
def test_more_pixels_than_are_decoded_are_refused_by_the_header(data, harm):
    found = harm(data)
    assert found.taken == {}
    assert found.error == TOO_LARGE
    assert found.megabytes < 200
    assert found.seconds < 20


@pytest.mark.parametrize(
    ("depth", "colour", "bytes_each"), [(8, 2, 3), (8, 6, 4), (16, 6, 8), (16, 0, 2), (1, 0, 0.125)]
)
def test_as_many_pixels_as_are_decoded_stay_within_memory(depth, colour, bytes_each, harm):
    side = 7071
    size = int(side * (side * bytes_each + 1)) // 2**20 + 1
    found = harm(png(side, side, chunk(b"IDAT", zeros(size)), depth=depth, colour=colour))
    assert found.error == ""
    assert (found.taken["width"], found.taken["height"]) == (side, side)


def test_a_jpeg_of_50_million_pixels_stays_within_memory(harm):
    file = io.BytesIO()
    Image.new("RGB", (7071, 7071), (9, 9, 9)).save(file, "JPEG", progressive=True, subsampling=0)
    found = harm(file.getvalue())
    assert found.taken["width"] == 7071


def test_of_a_gif_of_100_000_frames_one_is_read(harm):
    found = harm(gif(1, 1, *[FRAME] * 100_000))
    assert (found.error, found.taken["width"]) == ("", 1)
    assert found.seconds < 10


def test_a_gif_whose_frame_is_far_larger_than_its_screen_is_refused(harm):
    frame = b"," + struct.pack("<4HB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02D\x01\0"
    assert harm(gif(1, 1, frame)).error


def test_a_gif_without_a_frame_is_refused(harm):
    assert harm(gif(10, 10)).error


@pytest.mark.parametrize(
    "data",
    [
        tiff_of(10, 10, after=8),
        tiff_of(10, 10, (34665, 4, 1, 8), after=8),
        tiff_of(10, 10, (34853, 4, 1, 8), (34665, 4, 1, 8)),
        tiff_of(10, 10, (330, 4, 1, 8)),
    ],
    ids=["next", "exif", "gps", "sub"],
)
def test_tiff_directories_that_lead_in_circles_end(data, harm):
    found = harm(data)
    assert found.error or found.taken["width"] == 10
    assert found.seconds < 20


@pytest.mark.parametrize(
    "data",
    [
        tiff_of(10, 10, (273, 4, 2**31 - 1, 8)),
        tiff_of(10, 10, (270, 2, 2**32 - 1, 8)),
        tiff_of(10, 10, (277, 3, 1, 65_535)),
        tiff_of(10, 10, (258, 3, 60_000, 8)),
        tiff_of(10, 10, (259, 3, 1, 34_712)),
        tiff_of(0, 0),
        b"II*\0" + b"\xff" * 8,
        b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 100_000,
    ],
    ids=["strips", "text", "samples", "bits", "method", "empty", "nowhere", "tags"],
)
def test_tiff_fields_that_lie_are_refused_or_passed_over(data, harm):
    found = harm(data)
    assert found.error or found.taken["width"] == 10


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("keep", [0.02, 0.5, 0.95])
def test_a_picture_of_which_a_part_is_missing_says_so(kind, keep, harm):
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    file = io.BytesIO()
    noise.save(file, kind)
    data = file.getvalue()
    found = harm(data[: int(len(data) * keep)])
    assert found.taken == {}
    assert "damaged" in found.error


def test_text_in_a_png_that_unpacks_to_a_gigabyte_is_refused(harm):
    bomb = chunk(b"zTXt", b"Description\0\0" + zeros(1000))
    found = harm(png(1, 1, bomb, chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))))
    assert found.megabytes < 200
    assert found.error == "" or "damaged" in found.error


def test_a_colour_profile_that_unpacks_to_a_gigabyte_is_bounded(harm):
    bomb = chunk(b"iCCP", b"icc\0\0" + zeros(1000))
    found = harm(png(1, 1, bomb, chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))))
    assert found.megabytes < 200
    assert found.error == "" or "damaged" in found.error


def test_a_hundred_thousand_chunks_end(harm):
    found = harm(
        png(1, 1, chunk(b"tEXt", b"k\0v") * 100_000, chunk(b"IDAT", zlib.compress(b"\0" * 4)))
    )
    assert found.seconds < 20


def test_bytes_of_a_png_with_a_wrong_checksum_are_refused(harm):
    assert "damaged" in harm(picture("PNG").replace(b"IDAT", b"IDAU")).error


def test_a_picture_with_an_archive_behind_it_is_a_picture_alone(harm):
    data = picture("PNG") + zipped({"evil.exe": b"MZ"})
    assert pictures.media_type(data) == "image/png"
    assert harm(data).taken["width"] == 60


def test_a_page_in_a_picture_does_not_come_out_in_its_copies():
    data = picture("JPEG", exif=camera(), comment=b"<script>alert(1)</script>")
    _size, copies = images.copy(data + b"<script>alert(2)</script>")
    assert [copy for copy in copies if b"script" in copy] == []


@pytest.mark.parametrize(
    "data",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n",
        b"\0\0\x01\0\x01\0" + b"\0" * 100,
        b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 100,
        b"8BPS\0\x01" + b"\0" * 100,
        b"P6 10000 10000 255\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
    ],
    ids=["eps", "ico", "jpeg2000", "psd", "ppm", "svg"],
)
def test_kinds_that_are_not_allowed_are_never_decoded(data, harm):
    assert "of a kind that is not read" in harm(data).error
    assert pictures.media_type(data) == ""


@pytest.mark.parametrize("start", ["image/png", "image/jpeg", "image/gif", "image/tiff"])
def test_random_bytes_after_a_true_beginning_are_refused(start, harm):
    (begin,) = [one for one, kind in pictures._STARTS.items() if kind == start][:1]
    assert harm(begin + bytes(range(256)) * 400).error


def test_a_bomb_in_the_sandbox_is_unreadable_and_the_next_picture_is_read():
    with pytest.raises(Unreadable, match="too large"):
        pictures.copies(png(50_000, 50_000))
    side = 7071
    data = png(side, side, chunk(b"IDAT", zeros(side * side * 3 // 2**20 + 1)))
    with pytest.raises(Unreadable, match="memory"):
        pictures.copies(data, limits=sandbox.Limits(memory_mb=200))
    assert pictures.copies(picture()).width == 60


def test_entities_of_an_svg_are_never_unfolded():
    """It is a text like any other: what it declares is not done."""
    lines = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))
    outer = '<!ENTITY file SYSTEM "file:///etc/passwd">'
    data = f"<!DOCTYPE svg [<!ENTITY a0 'boat'>{lines}{outer}]><svg>&a12;&file;</svg>".encode()
    found = extract(data, name="boat.svg", media_type="image/svg+xml")
    assert len(found.text) <= len(data)
    assert "root:" not in found.text
