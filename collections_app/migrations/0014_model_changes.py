import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collections_app", "0013_model_registry"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("building", "building"),
                            ("ready", "ready to switch"),
                            ("failed", "failed"),
                            ("switched", "switched, can be rolled back"),
                            ("cancelling", "being cancelled"),
                            ("cancelled", "cancelled"),
                            ("dropping", "old vectors are being dropped"),
                            ("done", "done"),
                        ],
                        default="building",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "left_out",
                    models.PositiveIntegerField(default=0, verbose_name="documents left out"),
                ),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("started", models.DateTimeField(auto_now_add=True, verbose_name="started")),
                (
                    "ready_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="ready since"),
                ),
                (
                    "switched_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="switched"),
                ),
                (
                    "rolled_back_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="rolled back"),
                ),
                ("finished", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                (
                    "beside",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="collections_app.embeddingmodel",
                        verbose_name="model kept beside",
                    ),
                ),
                (
                    "collection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="model_changes",
                        to="collections_app.collection",
                        verbose_name="collection",
                    ),
                ),
                (
                    "new",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="collections_app.embeddingmodel",
                        verbose_name="to the model",
                    ),
                ),
                (
                    "old",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="collections_app.embeddingmodel",
                        verbose_name="from the model",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of model",
                "verbose_name_plural": "changes of model",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Shadow",
            fields=[
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="shadow",
                        serialize=False,
                        to="collections_app.document",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting"),
                            ("done", "done"),
                            ("set_aside", "set aside"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("tokens", models.PositiveIntegerField(default=0, verbose_name="tokens")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                (
                    "not_before",
                    models.DateTimeField(blank=True, null=True, verbose_name="not before"),
                ),
                (
                    "claim_token",
                    models.UUIDField(blank=True, null=True, verbose_name="claim token"),
                ),
                (
                    "lease_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="leased until"),
                ),
                ("error", models.TextField(blank=True, verbose_name="error")),
                (
                    "error_stage",
                    models.CharField(blank=True, max_length=20, verbose_name="failed at"),
                ),
                (
                    "error_place",
                    models.JSONField(blank=True, default=dict, verbose_name="failed where"),
                ),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shadows",
                        to="collections_app.modelchange",
                    ),
                ),
            ],
            options={
                "verbose_name": "document of a change",
                "verbose_name_plural": "documents of a change",
                "ordering": ["document"],
            },
        ),
        migrations.AddConstraint(
            model_name="modelchange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["cancelled", "done"]), _negated=True),
                fields=("collection",),
                name="one_open_change_per_collection",
            ),
        ),
        migrations.AddIndex(
            model_name="shadow",
            index=models.Index(fields=["change", "state", "document"], name="shadow_by_state"),
        ),
        migrations.AddIndex(
            model_name="shadow",
            index=models.Index(
                condition=models.Q(("state", "queued")), fields=["document"], name="shadow_queue"
            ),
        ),
    ]
