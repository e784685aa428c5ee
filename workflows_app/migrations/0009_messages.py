"""The inbox."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import workflows_app.models.columns
import workflows_app.models.identity


class Migration(migrations.Migration):
    dependencies = [
        ("workflows_app", "0008_kinds_of_events_without_choices"),
    ]

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=workflows_app.models.identity.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("endpoint", workflows_app.models.columns.ExactField(max_length=100)),
                ("message_id", workflows_app.models.columns.ExactField(max_length=255)),
                ("type", workflows_app.models.columns.ExactField(blank=True, max_length=255)),
                ("ref", workflows_app.models.columns.ExactField(blank=True, max_length=255)),
                ("payload", models.JSONField(default=dict)),
                ("digest", models.CharField(max_length=64)),
                ("repeated", models.PositiveIntegerField(default=0)),
                ("differed", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("stored", "Stored"),
                            ("unmatched", "Unmatched"),
                            ("stuck", "Stuck"),
                            ("matched", "Matched"),
                            ("expired", "Expired"),
                        ],
                        default="stored",
                        max_length=10,
                    ),
                ),
                ("due", models.DateTimeField(null=True)),
                ("looks", models.PositiveIntegerField(default=0)),
                ("note", models.JSONField(null=True)),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "object_type",
                    workflows_app.models.columns.ExactField(blank=True, max_length=100),
                ),
                ("object_id", workflows_app.models.columns.ExactField(blank=True, max_length=100)),
                (
                    "operation",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="messages",
                        to="workflows_app.operation",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="messages",
                        to="workflows_app.effectrun",
                    ),
                ),
            ],
            options={
                "default_permissions": ("view",),
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["due", "id"], name="workflows_messages_due"),
                    models.Index(fields=["ref", "state"], name="workflows_messages_ref"),
                    models.Index(fields=["state", "id"], name="workflows_messages_state"),
                    models.Index(fields=["object_type", "object_id"], name="workflows_messages_of"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("endpoint", "message_id"), name="workflows_message_once"
                    )
                ],
            },
        ),
    ]
