"""Names of formats in the reader's language; `pipeline` has them in English."""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from collections_app.pipeline.code import by_media_type
from collections_app.pipeline.extract import FORMATS

NAMES = (
    _("Plain text"),
    _("Markdown"),
    _("HTML"),
    _("PDF"),
    _("Word (DOCX)"),
    _("PowerPoint (PPTX)"),
    _("Excel (XLSX)"),
    _("OpenDocument text (ODT)"),
    _("EPUB"),
    _("RTF"),
    _("E-mail"),
    _("Jupyter notebook"),
    _("PNG picture"),
    _("JPEG picture"),
    _("GIF picture"),
    _("WebP picture"),
    _("TIFF picture"),
    _("BMP picture"),
)


def format_name(media_type: str) -> str:
    """The name of the format or language; the media type where it is none that is known here."""
    if language := by_media_type(media_type):
        return language.name
    return gettext(FORMATS[media_type]) if media_type in FORMATS else media_type
