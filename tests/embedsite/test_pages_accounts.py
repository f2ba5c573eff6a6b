"""Logging in and out, changing the password, and the limit on wrong passwords."""

import pytest
from django.test import Client
from django.urls import reverse

from embedsite import accounts
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"


def log_in(client, username, password, **extra):
    return client.post(LOGIN, {"username": username, "password": password}, **extra)


def test_login_leads_to_the_page_that_was_asked_for(client):
    user = UserFactory()
    response = client.get("/c/new/")
    assert response.url == f"{LOGIN}?next=/c/new/"
    data = {"username": user.username, "password": PASSWORD, "next": "/c/new/"}
    assert client.post(LOGIN, data).url == "/c/new/"


def test_login_never_leads_to_another_site(client):
    data = {"username": UserFactory().username, "password": PASSWORD, "next": "//evil.example/"}
    assert client.post(LOGIN, data).url == "/"


def test_login_with_a_wrong_password_says_so_and_keeps_the_name(client):
    user = UserFactory()
    response = log_in(client, user.username, "wrong")
    assert response.status_code == 200
    assert "Please enter a correct username and password" in response.text
    assert f'value="{user.username}"' in response.text


def test_logout_needs_a_post(client):
    client.force_login(UserFactory())
    assert client.get("/account/logout/").status_code == 405
    assert client.post("/account/logout/").url == "/"
    assert "_auth_user_id" not in client.session


def test_password_change_keeps_this_session_and_ends_the_others(client):
    user, other = UserFactory(), Client()
    client.force_login(user)
    other.force_login(user)
    new = "a quite different passphrase"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    response = client.post("/account/password/", data, follow=True)
    assert response.redirect_chain == [("/account/password/done/", 302)]
    assert "Password changed" in response.text
    assert client.get("/account/tokens/").status_code == 200
    assert other.get("/account/tokens/").status_code == 302


def test_password_change_wants_a_good_password(client):
    client.force_login(UserFactory())
    data = {"old_password": PASSWORD, "new_password1": "12345678", "new_password2": "12345678"}
    response = client.post("/account/password/", data)
    assert "This password is too common." in response.text


def test_too_many_wrong_passwords_stop_the_right_one_too(client):
    user = UserFactory()
    for _ in range(accounts.TRIES_PER_ACCOUNT):
        assert log_in(client, user.username, "wrong").status_code == 200
    response = log_in(client, user.username.upper(), PASSWORD)
    assert response.status_code == 429
    assert response["Retry-After"] == "900"
    assert "Too many failed logins. Wait 15 minutes" in response.text
    assert log_in(client, user.username, PASSWORD).status_code == 429
    # Another account, and another address, are not held up.
    assert log_in(client, UserFactory().username, PASSWORD).status_code == 302
    assert log_in(client, user.username, PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_an_address_cannot_try_one_password_on_many_accounts(client):
    for n in range(accounts.TRIES_PER_ADDRESS):
        log_in(client, f"guess{n}", "wrong")
    assert log_in(client, UserFactory().username, PASSWORD).status_code == 429


def test_the_limit_ends_with_its_window(client, monkeypatch):
    user = UserFactory()
    monkeypatch.setattr(accounts, "WINDOW_SECONDS", -1)  # over as soon as it began
    for _ in range(accounts.TRIES_PER_ACCOUNT + 1):
        log_in(client, user.username, "wrong")
    assert log_in(client, user.username, PASSWORD).status_code == 302


def test_an_address_forged_in_a_header_does_not_help(client):
    user = UserFactory()
    for n in range(accounts.TRIES_PER_ACCOUNT):
        log_in(client, user.username, "wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.{n}")
    response = log_in(client, user.username, PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.99")
    assert response.status_code == 429


def test_the_admin_uses_the_same_login_page(client):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == f"{LOGIN}?next=%2Fadmin%2F"
    client.force_login(UserFactory())
    response = client.get("/admin/", follow=True)
    assert "may not see that page" in response.text


def test_account_menu_offers_administration_to_staff_alone(client):
    client.force_login(UserFactory())
    assert reverse("admin:index") not in client.get("/").text
    client.force_login(UserFactory(is_staff=True))
    assert reverse("admin:index") in client.get("/").text
