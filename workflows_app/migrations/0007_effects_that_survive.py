"""What a run needs to survive a crash between the send and the answer, and to be waited for."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

import workflows_app.models.columns


def _runs(apps: Any, schema_editor: Any) -> Any:
    using = schema_editor.connection.alias
    return apps.get_model("workflows_app", "EffectRun").objects.using(using)


def due_follow_ups_have_a_time_of_their_own(apps: Any, schema_editor: Any) -> None:
    runs = apps.get_model("workflows_app", "EffectRun").objects.using(
        schema_editor.connection.alias
    )
    runs.filter(follow_up="pending").update(follow_up_due=models.F("due"))


def due_follow_ups_are_due_again(apps: Any, schema_editor: Any) -> None:
    runs = apps.get_model("workflows_app", "EffectRun").objects.using(
        schema_editor.connection.alias
    )
    runs.filter(follow_up="pending").update(due=models.F("follow_up_due"))
    runs.filter(due__isnull=True).update(due=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("workflows_app", "0006_read_what_is_written"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="effectrun",
            name="workflows_follow_up",
        ),
        migrations.AddField(
            model_name="effectrun",
            name="contradiction",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="deadline",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="follow_up_due",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="group",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="members",
                to="workflows_app.effectrun",
            ),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="holds_slot",
            field=workflows_app.models.columns.ExactField(max_length=255, null=True, unique=True),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="in_turn",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="limit_key",
            field=workflows_app.models.columns.ExactField(max_length=255, null=True),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="probes",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="reference",
            field=workflows_app.models.columns.ExactField(max_length=255, null=True),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="sent_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="sent_fence",
            field=models.PositiveBigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="superseded_as",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Not superseded"),
                    ("cancelled", "Cancelled"),
                    ("already_sent", "Already Sent"),
                ],
                default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="superseded_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="superseded",
                to="workflows_app.operation",
            ),
        ),
        migrations.AddField(
            model_name="effectrun",
            name="undoes",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="workflows_app.effectrun",
            ),
        ),
        migrations.AlterField(
            model_name="effectrun",
            name="due",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="effectrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("held", "Held"),
                    ("queued", "Queued"),
                    ("running", "Running"),
                    ("waiting", "Waiting"),
                    ("in_doubt", "In Doubt"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                    ("skipped", "Skipped"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="effectrun",
            index=workflows_app.models.columns.IndexOfSome(
                fields=["follow_up_due"],
                name="workflows_followed_up",
                only=("follow_up", "pending"),
            ),
        ),
        migrations.AddIndex(
            model_name="effectrun",
            index=workflows_app.models.columns.IndexOfSome(
                fields=["due"], name="workflows_waiting", only=("state", "waiting")
            ),
        ),
        migrations.AddIndex(
            model_name="effectrun",
            index=workflows_app.models.columns.IndexOfSome(
                fields=["due"], name="workflows_in_doubt", only=("state", "in_doubt")
            ),
        ),
        migrations.AddIndex(
            model_name="effectrun",
            index=workflows_app.models.columns.IndexOfSome(
                fields=["limit_key", "id"], name="workflows_limited", only=("state", "held")
            ),
        ),
        migrations.AddIndex(
            model_name="effectrun",
            index=workflows_app.models.columns.IndexOfGiven(
                fields=["reference"], name="workflows_reference"
            ),
        ),
        migrations.AddIndex(
            model_name="effectrun",
            index=workflows_app.models.columns.IndexOfGiven(
                fields=["superseded_by"], name="workflows_superseded"
            ),
        ),
        migrations.AddIndex(
            model_name="effectrun",
            index=workflows_app.models.columns.IndexOfGiven(
                fields=["undoes"], name="workflows_undone_by"
            ),
        ),
        migrations.AddIndex(
            model_name="effectrun",
            index=workflows_app.models.columns.IndexOfGiven(
                fields=["group"], name="workflows_members"
            ),
        ),
        migrations.RunPython(due_follow_ups_have_a_time_of_their_own, due_follow_ups_are_due_again),
    ]
