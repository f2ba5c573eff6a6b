"""Decoding pictures: what they say of themselves, and copies that are safe to show.

For the sandbox: decoders are written in C, and the bytes are anyone's. Of a moving picture
the first frame is read, however many there are.
"""

import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image, UnidentifiedImageError

from .extracted import Unreadable
from .pictures import media_type

MAX_PIXELS = 50_000_000  # decoded, 4 bytes each: 200 MB
SERVED_SIDE, THUMBNAIL_SIDE = 2560, 320
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
_TURNS = {  # by the orientation that EXIF tells
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SHRINKABLE = ("L", "RGB", "RGBA", "CMYK")  # as they stand, before they are converted
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_EXIF_DATE = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_MOST_TEXT = 2000  # characters of a description
_DAMAGE = (
    OSError,
    SyntaxError,  # as Pillow's readers say it
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    ZeroDivisionError,
    AttributeError,
    RuntimeError,
    struct.error,
)

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def describe(data: bytes) -> dict[str, Any]:
    """Its format, what it says of itself (`said`), and metadata as JSON holds them.

    Raises Unreadable for a picture that is damaged at its beginning or too large.
    """
    with _opened(data) as image:
        exif = image.getexif()
        width, height = _upright(image.size, _turn(image))
        said = [
            _text(exif.get(ExifTags.Base.ImageDescription)),
            _text(image.info.get("Title")),
            _text(image.info.get("Description")),
        ]
        metadata = {"width": width, "height": height, **_of_camera(exif)}
    return {"format": media_type(data), "said": list(filter(None, said)), "metadata": metadata}


def copy(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Width and height; the served copy and the thumbnail.

    Raises Unreadable for a picture that is damaged, cut off or too large.
    """
    with _opened(data) as image:
        turn = _turn(image)
        width, height = _upright(image.size, turn)
        image.draft(image.mode, (SERVED_SIDE, SERVED_SIDE))  # JPEG decodes to less at once
        profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
        shown = _shrunk(image, SERVED_SIDE)
        shown = shown if turn is None else shown.transpose(turn)
        served = _webp(shown, quality=88, icc_profile=profile)
        thumbnail = _webp(_shrunk(shown, THUMBNAIL_SIDE), quality=80, icc_profile=profile)
    return {"width": width, "height": height}, [served, thumbnail]


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture, its header read; what goes wrong inside is Unreadable too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=_FORMATS) as image:
                yield image
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Unreadable(
            f"The picture is too large: the most is {MAX_PIXELS // 1_000_000} million pixels. "
            "Make it smaller."
        ) from error
    except UnidentifiedImageError as error:
        raise Unreadable(
            "The picture is damaged, or of a kind that is not read. "
            "Save it again as PNG, JPEG, GIF, WebP, TIFF or BMP."
        ) from error
    except _DAMAGE as error:
        raise Unreadable(
            f"The picture is damaged or not all of it came ({error}). Save it again."
        ) from error


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What turns it upright. Pillow does that itself for TIFF."""
    if image.format == "TIFF":
        return None
    return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))


def _upright(size: tuple[int, int], turn: Image.Transpose | None) -> tuple[int, int]:
    """Width and height after the turn."""
    flat = (None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM)
    return size if turn in (*flat, Image.Transpose.ROTATE_180) else (size[1], size[0])


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    """A copy in RGB or RGBA with no side longer than this."""
    image = image if image.mode in _SHRINKABLE else _plain(image)
    width, height = image.size
    if max(width, height) > side:
        scale = side / max(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _plain(image)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("RGB", "RGBA"):
        return image.copy()
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits and more, of grey
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _webp(image: Image.Image, **options: Any) -> bytes:
    """Without any metadata: what is not handed to `save` is not written."""
    image.info = {}
    file = BytesIO()
    image.save(file, "WEBP", exif=b"", xmp=b"", **options)
    return file.getvalue()


def _of_camera(exif: Image.Exif) -> dict[str, str]:
    """When and by what it was taken; never where."""
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    taken = _EXIF_DATE.match(_text(inner.get(ExifTags.Base.DateTimeOriginal)))
    maker, model = _text(exif.get(ExifTags.Base.Make)), _text(exif.get(ExifTags.Base.Model))
    camera = model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
    found = {
        "taken": f"{taken[1]}-{taken[2]}-{taken[3]}T{taken[4]}" if taken else "",
        "camera": camera.strip()[:200],
    }
    return {key: value for key, value in found.items() if value}


def _text(value: object) -> str:
    """A value of EXIF on one line; empty for what is none."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    with suppress(UnicodeError):
        value = value.encode("latin-1").decode("utf-8")  # Pillow takes each byte for a character
    return " ".join(_UNSEEN.sub(" ", value).split())[:_MOST_TEXT]
