"""The account that the command line acts for, and keys for the REST API."""

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from collections_app.models import ApiToken
from collections_app.storage import Rejected

OPERATOR = "admin"


def operator() -> User:
    """The first active superuser; on a new site one that nobody can log in as yet."""
    found = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if found:
        return found
    if User.objects.filter(username=OPERATOR).exists():
        raise Rejected(_("There is no active administrator. Make one: manage.py createsuperuser."))
    return User.objects.create_superuser(OPERATOR, password=None)


def create_token(user: User, name: str, scope: str = ApiToken.Scope.WRITE) -> tuple[ApiToken, str]:
    """A new token and its key, which is shown this once: only its digest is kept."""
    key = ApiToken.new_key()
    prefix_length = ApiToken._meta.get_field("prefix").max_length
    token = ApiToken.objects.create(
        user=user, name=name, scope=scope, prefix=key[:prefix_length], digest=ApiToken.hash(key)
    )
    return token, key
