"""Models of other servers and of plugins: registered, probed, and what they cost."""

import collections_app.models.embedding
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collections_app", "0012_passage_model"),
    ]

    operations = [
        migrations.AddField(
            model_name="embeddingmodel",
            name="away_reason",
            field=models.TextField(blank=True, editable=False, verbose_name="why it is away"),
        ),
        migrations.AddField(
            model_name="embeddingmodel",
            name="away_until",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="away until"
            ),
        ),
        migrations.AddField(
            model_name="embeddingmodel",
            name="base_url",
            field=models.CharField(
                blank=True,
                help_text="Such as http://127.0.0.1:11434/v1; of OpenAI-compatible servers alone.",
                max_length=500,
                verbose_name="address of the server",
            ),
        ),
        migrations.AddField(
            model_name="embeddingmodel",
            name="modalities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=[("text", "text")], max_length=10),
                default=collections_app.models.embedding.text_only,
                size=None,
                verbose_name="modalities",
            ),
        ),
        migrations.AddField(
            model_name="embeddingmodel",
            name="secrets",
            field=models.TextField(blank=True, editable=False, verbose_name="secrets, encrypted"),
        ),
        migrations.AddField(
            model_name="embeddingmodel",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "not probed yet"),
                    ("usable", "usable"),
                    ("failed", "failed its probe"),
                ],
                default="usable",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddField(
            model_name="embeddingmodel",
            name="tokenizer",
            field=models.CharField(
                blank=True,
                help_text="A folder or package:NAME with the tokenizer.json of a model that runs elsewhere; without one its tokens are estimated, never too low.",
                max_length=500,
                verbose_name="tokenizer",
            ),
        ),
        migrations.AddField(
            model_name="embeddingmodel",
            name="truncate_dimension",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="For models trained for it (Matryoshka); empty: all that the model gives.",
                null=True,
                verbose_name="cut to so many numbers",
            ),
        ),
        migrations.AlterField(
            model_name="embeddingmodel",
            name="backend",
            field=models.CharField(
                choices=[
                    ("sentence-transformers", "sentence-transformers"),
                    ("openai-compatible", "OpenAI-compatible server"),
                    ("llm-plugin", "plugin of llm"),
                    ("fake", "hashed words (tests and dry runs)"),
                ],
                max_length=40,
                verbose_name="backend",
            ),
        ),
        migrations.AlterField(
            model_name="embeddingmodel",
            name="dimension",
            field=models.PositiveIntegerField(
                default=0, help_text="0 until a probe has found it out.", verbose_name="dimension"
            ),
        ),
        migrations.CreateModel(
            name="Probe",
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
                            ("queued", "waiting"),
                            ("running", "running"),
                            ("passed", "passed"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("step", models.CharField(blank=True, max_length=20, verbose_name="step")),
                ("found", models.JSONField(blank=True, default=dict, verbose_name="found")),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                (
                    "claim_token",
                    models.UUIDField(blank=True, null=True, verbose_name="claim token"),
                ),
                (
                    "lease_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="leased until"),
                ),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="asked for")),
                ("started", models.DateTimeField(blank=True, null=True, verbose_name="started")),
                ("finished", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="probes",
                        to="collections_app.embeddingmodel",
                        verbose_name="embedding model",
                    ),
                ),
            ],
            options={
                "verbose_name": "probe",
                "verbose_name_plural": "probes",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=("model",),
                        name="one_open_probe_per_model",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Spending",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("tokens", models.PositiveBigIntegerField(default=0, verbose_name="tokens")),
                (
                    "cost",
                    models.DecimalField(
                        decimal_places=8, default=0, max_digits=18, verbose_name="cost"
                    ),
                ),
                (
                    "collection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="spending",
                        to="collections_app.collection",
                        verbose_name="collection",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="spending",
                        to="collections_app.embeddingmodel",
                        verbose_name="embedding model",
                    ),
                ),
            ],
            options={
                "verbose_name": "spending",
                "verbose_name_plural": "spending",
                "ordering": ["-day", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model", "collection", "day"), name="one_spending_per_day"
                    )
                ],
            },
        ),
    ]
