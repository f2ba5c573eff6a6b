"""The page of API tokens: a key is shown once, one's own alone can be revoked."""

import pytest
from django.urls import reverse

from collections_app.models import ApiToken
from collections_app.services import create_token
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(client):
    user = UserFactory()
    client.force_login(user)
    return user


def test_page_is_for_users(client):
    response = client.get(reverse("tokens"))
    assert response["Location"] == f"{reverse('login')}?next={reverse('tokens')}"


def test_key_is_shown_once_and_only_its_digest_is_kept(client, user):
    response = client.post(reverse("tokens"), {"name": "backup", "scope": "read"})
    key = response.context["key"]
    assert key in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    token = ApiToken.objects.get()
    assert (token.user, token.name, token.scope) == (user, "backup", "read")
    assert token.digest == ApiToken.hash(key)
    assert token.prefix == key[:12]
    page = client.get(reverse("tokens")).content.decode()
    assert key not in page
    assert token.prefix in page


def test_token_without_a_name_is_refused(client, user):
    response = client.post(reverse("tokens"), {"name": "", "scope": "read"})
    assert response.context["form"].errors["name"] == ["This field is required."]
    assert not ApiToken.objects.exists()


def test_others_tokens_are_not_listed_and_not_revoked(client, user):
    mine, _key = create_token(user, "mine", "read")
    theirs, _key = create_token(UserFactory(), "theirs", "read")
    assert list(client.get(reverse("tokens")).context["tokens"]) == [mine]
    assert client.post(reverse("token_revoke", args=[theirs.pk])).status_code == 404
    assert client.get(reverse("token_revoke", args=[mine.pk])).status_code == 405
    client.post(reverse("token_revoke", args=[mine.pk]))
    assert list(ApiToken.objects.all()) == [theirs]


def test_list_takes_the_same_queries_for_one_and_for_three(
    client, user, django_assert_max_num_queries
):
    create_token(user, "a", "read")
    counts = []
    for _ in range(2):
        with django_assert_max_num_queries(6) as context:
            client.get(reverse("tokens"))
        counts.append(len(context))
        create_token(user, "b", "read")
        create_token(user, "c", "read")
    assert counts[0] == counts[1]
