"""Errands."""

import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import tests.errands.workflow
import workflows_app.models.status_field


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Errand",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveBigIntegerField(default=0, editable=False)),
                (
                    "status",
                    workflows_app.models.status_field.StatusField(editable=False, max_length=50),
                ),
                (
                    "status_since",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
            ],
            options={
                "abstract": False,
            },
            bases=(tests.errands.workflow.ErrandWorkflow, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalErrand",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveBigIntegerField(default=0, editable=False)),
                ("operation_id", models.UUIDField(db_index=True, editable=False, null=True)),
                (
                    "status",
                    workflows_app.models.status_field.StatusField(editable=False, max_length=50),
                ),
                ("history_change_reason", models.TextField(null=True)),
                (
                    "status_since",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical errand",
                "verbose_name_plural": "historical errands",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
    ]
