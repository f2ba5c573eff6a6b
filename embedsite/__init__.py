"""embedsite: a self-hosted site that makes content findable by meaning."""

from embedsite.celery import app as celery_app

__all__ = ["celery_app"]
