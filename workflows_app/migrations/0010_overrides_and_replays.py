"""Operations may override, and what people decide about objects and runs has permissions."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows_app", "0009_messages")]

    operations = [
        migrations.AlterModelOptions(
            name="effectrun",
            options={
                "base_manager_name": "objects",
                "default_permissions": ("view",),
                "permissions": (
                    ("resolve_run", "Can say what became of a run in doubt"),
                    ("skip_run", "Can let an object go on without a run"),
                    ("retry_run", "Can have the next step of a run done now"),
                    ("replay_run", "Can have a run that ended begin again"),
                    ("replay_run_anew", "Can have a run begin again as a new intent"),
                ),
            },
        ),
        migrations.AlterModelOptions(
            name="operation",
            options={
                "base_manager_name": "objects",
                "default_permissions": ("view",),
                "permissions": (
                    ("place_object", "Can place a new object straight into a later state"),
                    ("force_cancel", "Can cancel an object from anywhere"),
                ),
            },
        ),
        migrations.AlterField(
            model_name="operation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("create", "Create"),
                    ("adopt", "Adopt"),
                    ("import", "Import"),
                    ("command", "Command"),
                    ("edit", "Edit"),
                    ("system", "System"),
                    ("override", "Override"),
                    ("operator", "Operator"),
                    ("delete", "Delete"),
                ],
                max_length=10,
            ),
        ),
    ]
