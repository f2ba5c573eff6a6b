"""Uploads in pieces."""

from rest_framework import serializers

from collections_app.models import Upload


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """`document` is what a finished upload became, `run` what takes an archive or a table
    apart; `error` says why one was refused."""

    class Meta:
        model = Upload
        fields = (
            "id",
            "collection",
            "use",
            "state",
            "name",
            "before",
            "size",
            "offset",
            "sha256",
            "document",
            "run",
            "note",
            "error",
            "created",
            "expires",
        )
