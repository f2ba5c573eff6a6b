"""API tokens: who a request is from, and what it may do."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request):
        return None


class ScopePermission(BasePermission):
    pass
