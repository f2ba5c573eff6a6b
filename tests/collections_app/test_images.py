"""Pictures: what is read from them, and what the copies that are served hold."""

import io

import pytest
from PIL import ExifTags, Image

from collections_app.pipeline import images, pictures
from collections_app.pipeline.extracted import Unreadable

RED, BLUE = (255, 0, 0), (0, 0, 255)
KINDS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
}


def picture(kind="PNG", size=(60, 40), mode="RGB", exif=None, **options):
    """Red above, blue below."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0], size[1] // 2))
    file = io.BytesIO()
    if exif is not None:
        options["exif"] = exif
    image.convert(mode).save(file, kind, **options)
    return file.getvalue()


def camera(orientation=1):
    """EXIF as a phone writes it, with the place."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.ImageDescription] = "A red boat at sea"
    exif[ExifTags.Base.Make] = "Canon"
    exif[ExifTags.Base.Model] = "Canon EOS 5"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:05:04 10:20:30"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 0.0)
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return exif


def opened(data):
    return Image.open(io.BytesIO(data))


def colour(image, x, y):
    """Which of the two stands there; pictures that lose detail are near it."""
    red, green, blue = image.convert("RGB").getpixel((x, y))
    assert green < 40
    return "red" if red > blue else "blue"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_told_by_its_beginning_and_copied(kind):
    data = picture(kind)
    assert pictures.media_type(data) == KINDS[kind]
    assert images.describe(data) == {
        "format": KINDS[kind],
        "said": [],
        "metadata": {"width": 60, "height": 40},
    }
    size, copies = images.copy(data)
    assert size == {"width": 60, "height": 40}
    for copy in copies:
        image = opened(copy)
        assert (image.format, image.size) == ("WEBP", (60, 40))
        assert (colour(image, 30, 5), colour(image, 30, 35)) == ("red", "blue")


@pytest.mark.parametrize(
    "data",
    [b"", b"BM is a company\0\0\0", b"GIF", b"<svg xmlns='x'/>", b"RIFF....WAVE", b"II* words"],
)
def test_what_is_no_picture_is_not_taken_for_one(data):
    assert pictures.media_type(data) == ""


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK", "F"])
def test_pictures_of_all_modes_are_copied(mode):
    kind = {"CMYK": "JPEG", "F": "TIFF"}.get(mode, "PNG")
    grey = {"I;16": 51_200, "F": 51_200.0}.get(mode)
    image = Image.new("L", (500, 400), 200).convert("L" if grey else mode)
    file = io.BytesIO()
    (Image.new(mode, (500, 400), grey) if grey else image).save(file, kind)
    size, (served, thumbnail) = images.copy(file.getvalue())
    assert size == {"width": 500, "height": 400}
    assert opened(served).size == (500, 400)
    assert opened(thumbnail).size == (320, 256)
    pixel = opened(thumbnail).convert("RGB").getpixel((9, 9))
    assert min(pixel) > 150  # black and white is dithered


def test_transparency_is_kept():
    file = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(file, "PNG")
    _size, copies = images.copy(file.getvalue())
    assert [opened(copy).convert("RGBA").getpixel((1, 1))[3] for copy in copies] == [0, 0]


def test_large_pictures_are_served_smaller_and_thin_ones_stay_visible():
    size, (served, thumbnail) = images.copy(picture(size=(5120, 10)))
    assert size == {"width": 5120, "height": 10}
    assert opened(served).size == (2560, 5)
    assert opened(thumbnail).size == (320, 1)


def test_what_a_camera_wrote_is_read_but_not_where_it_was():
    found = images.describe(picture("JPEG", exif=camera()))
    assert found["said"] == ["A red boat at sea"]
    assert found["metadata"] == {
        "width": 60,
        "height": 40,
        "taken": "2026-05-04T10:20:30",
        "camera": "Canon EOS 5",
    }


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "red_at"),
    [(1, "top"), (2, "top"), (3, "bottom"), (4, "bottom"),
     (5, "left"), (6, "right"), (7, "right"), (8, "left")],
)  # fmt: skip
def test_copies_stand_upright_and_say_nothing_of_camera_and_place(kind, orientation, red_at):
    data = picture(kind, exif=camera(orientation))
    turned = orientation > 4
    upright = (40, 60) if turned else (60, 40)
    size, copies = images.copy(data)
    assert (size["width"], size["height"]) == upright
    found = images.describe(data)["metadata"]
    assert (found["width"], found["height"]) == upright
    ends = {
        "top": (20, 3),
        "bottom": (20, upright[1] - 4),
        "left": (3, 20),
        "right": (upright[0] - 4, 20),
    }
    for copy in copies:
        image = opened(copy)
        assert image.size == upright
        assert colour(image, *ends[red_at]) == "red"
        assert dict(image.getexif()) == {}
        assert "xmp" not in image.info
        assert b"Canon" not in copy


def test_of_a_moving_picture_the_first_frame_is_shown():
    frames = [Image.new("RGB", (8, 8), one) for one in (RED, BLUE, BLUE)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    _size, (served, _thumbnail) = images.copy(file.getvalue())
    assert colour(opened(served), 4, 4) == "red"


def test_a_document_of_a_picture_has_the_words_of_its_name_and_description():
    found = pictures.extract(picture("JPEG", exif=camera()), "trips/My_red-boat 2.jpg")
    assert found.text == "My red boat 2\n\nA red boat at sea"
    assert found.title == "My_red-boat 2.jpg"
    assert found.format == "image/jpeg"
    assert found.metadata["camera"] == "Canon EOS 5"


@pytest.mark.parametrize(
    ("name", "text"), [("海邊.png", "海邊"), ("---.png", "---.png"), ("", "picture")]
)
def test_a_picture_always_has_a_text(name, text):
    assert pictures.extract(picture(), name).text == text


def test_copies_come_through_the_sandbox():
    found = pictures.copies(picture("JPEG", exif=camera(6)))
    assert (found.width, found.height) == (40, 60)
    assert opened(found.served).size == opened(found.thumbnail).size == (40, 60)


def test_a_damaged_picture_is_unreadable_with_a_reason():
    data = picture("JPEG", size=(400, 400))
    with pytest.raises(Unreadable, match="damaged or not all of it came"):
        pictures.copies(data[: len(data) // 2])
