"""Language, theme, and the small parts that all pages use."""

from decimal import Decimal

import pytest
from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.contrib.messages import constants
from django.template import Context, Template
from django.utils import translation

from embedsite.templatetags.ui import duration, icon, money, nearness
from tests.factories import CollectionFactory, UserFactory


@pytest.mark.django_db
def test_language_button_switches_and_keeps_the_page(client):
    response = client.post("/language/", {"language": "zh-hant", "next": "/c/?page=2"})
    assert response.url == "/c/?page=2"
    cookie = response.cookies["django_language"]
    assert (cookie.value, cookie["samesite"], cookie["max-age"]) == ("zh-hant", "Lax", 31536000)
    page = client.get("/")
    assert '<html lang="zh-Hant">' in page.text
    assert page["Content-Language"] == "zh-hant"
    assert 'value="en" lang="en"' in page.text
    client.post("/language/", {"language": "en", "next": "/"})
    assert '<html lang="en">' in client.get("/").text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wanted", "given"), [("zh-TW", "zh-Hant"), ("zh-HK", "zh-Hant"), ("de", "en"), ("", "en")]
)
def test_language_follows_the_browser_until_chosen(client, wanted, given):
    page = client.get("/", headers={"Accept-Language": wanted})
    assert f'<html lang="{given}">' in page.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cookie", "given"),
    [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ('"><script>', "")],
)
def test_theme_cookie_is_written_into_the_page(client, cookie, given):
    client.cookies["theme"] = cookie
    assert f'<html lang="en"{given}>' in client.get("/").text


@pytest.mark.django_db
def test_htmx_requests_carry_the_csrf_token(client):
    page = client.get("/").text
    assert 'hx-headers=\'{"X-CSRFToken": "' in page


@pytest.mark.django_db
def test_message_after_a_redirect_is_shown_once(client):
    user = UserFactory()
    client.force_login(user)
    collection = CollectionFactory(owner=user, name="Old")
    data = {"name": "New", "description": "", "visibility": "private"}
    page = client.post(f"/c/{collection.pk}/edit/", data, follow=True)
    [message] = page.context["messages"]
    assert message.level == constants.SUCCESS
    assert 'class="callout callout--success"' in page.text
    assert "callout--success" not in client.get(f"/c/{collection.pk}/").text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (19.6, "20 s"),
        (80, "1 min 20 s"),
        (3600, "1 h 0 min"),
        (7499, "2 h 4 min"),
        (-1, "0 s"),
    ],
)
def test_duration_is_given_in_its_two_largest_units(seconds, words):
    assert duration(seconds) == words


def test_numbers_are_grouped_by_three_in_either_language():
    for language in ("en", "zh-hant"):
        with translation.override(language):
            assert intcomma(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("score", "place", "shown"),
    [(0.5, "40.0", "0.50"), (1.2, "77.0", "1.20"), (-0.3, "3.0", "-0.30")],
)
def test_nearness_puts_a_point_on_the_line(score, place, shown):
    with translation.override("en"):
        html = nearness(score)
    assert f'cx="{place}"' in html
    assert f"Similarity </span>{shown}</span>" in html


def test_icon_is_hidden_from_screen_readers_and_escaped():
    assert 'aria-hidden="true"' in icon("search")
    assert "icons.svg#search" in icon("search")
    assert "<script>" not in icon('"><script>')


def test_icons_that_templates_name_are_in_the_list(settings):
    listed = set((settings.BASE_DIR / "embedsite/assets/icons.txt").read_text().split())
    used = {}
    for template in settings.BASE_DIR.glob("*/templates/**/*.html"):
        for part in template.read_text().split('{% icon "')[1:]:
            used[part.split('"')[0]] = template.name
    assert {name: where for name, where in used.items() if name not in listed} == {}
    assert len(used) > 10


def test_field_ties_help_and_errors_to_its_control():
    class Form(forms.Form):
        name = forms.CharField(help_text="Any word.")

    form = Form({"name": ""})
    html = Template("{% load ui %}{% field form.name %}").render(Context({"form": form}))
    assert 'aria-describedby="id_name_help id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert 'for="id_name"' in html


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "–"),
        ("0", "–"),
        ("0.020000", "0.02 USD"),
        ("1234.5", "1,234.50 USD"),
        ("0.00012345", "0.00012 USD"),
        ("0.00999", "0.01 USD"),
        ("1E+6", "1,000,000.00 USD"),
    ],
)
def test_money_has_its_currency_and_the_decimals_that_tell(amount, words):
    assert money(amount and Decimal(amount)).replace("\u00a0", " ") == words
