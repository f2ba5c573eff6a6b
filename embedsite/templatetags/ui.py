"""Small parts that every page uses: icons, the nearness line, form fields."""

from decimal import Decimal
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput
from django.templatetags.static import static
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative icon; `name` is a line of embedsite/assets/icons.txt."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("dist/icons.svg"),
        name,
    )


@register.simple_tag
def nearness(score: float, label: str = "") -> SafeString:
    """A point on a line, further right the nearer; `score` is a cosine or lies in 0..1."""
    place = 3 + 74 * min(max(float(score), 0.0), 1.0)
    return format_html(
        '<span class="nearness" title="{label}"><svg viewBox="0 0 80 12" aria-hidden="true">'
        '<line x1="0" y1="6" x2="80" y2="6"></line><circle cx="{place}" cy="6" r="3.5"></circle>'
        '</svg><span><span class="visually-hidden">{label} </span>{score}</span></span>',
        label=label or _("Similarity"),
        place=f"{place:.1f}",
        score=f"{float(score):.2f}",
    )


@register.simple_tag
def language_tag() -> str:
    """The language of the page as `lang` has it: `zh-Hant` where Django says `zh-hant`."""
    return to_locale(get_language()).replace("_", "-")


@register.inclusion_tag("_field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """A label, the control, its help and its errors, tied together for screen readers."""
    described = [f"{bound.auto_id}_help"] if bound.help_text else []
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
    attrs: dict[str, str | bool] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {
        "field": bound,
        "control": bound.as_widget(attrs=attrs),
        "is_checkbox": isinstance(bound.field.widget, CheckboxInput),
    }


@register.filter
def money(amount: Decimal | None) -> str:
    """`0.04 USD`, in the currency of the settings: two decimals, or the first two digits where it
    is less than a cent. – where nothing is paid, or no price is known."""
    if not amount:
        return "–"
    rounded = round(amount, max(2, 1 - amount.adjusted())).normalize()
    decimals = max(2, -int(rounded.as_tuple().exponent))
    number = number_format(rounded, decimals, force_grouping=True)
    return f"{number}\u00a0{settings.CURRENCY}"


@register.filter
def duration(seconds: float) -> str:
    """`1 h 5 min`, `1 min 20 s` or `20 s`: the two largest units."""
    minutes, rest = divmod(max(round(float(seconds)), 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}
    return _("%(seconds)d s") % {"seconds": rest}
