"""Relations among our own rows are read where they are written. No table changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("workflows_app", "0005_edits"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="effectrun",
            options={
                "base_manager_name": "objects",
                "default_permissions": ("view",),
                "permissions": (
                    ("resolve_run", "Can say what became of a run in doubt"),
                    ("skip_run", "Can let an object go on without a run"),
                ),
            },
        ),
        migrations.AlterModelOptions(
            name="event",
            options={
                "base_manager_name": "objects",
                "default_permissions": ("view",),
                "ordering": ("id",),
            },
        ),
        migrations.AlterModelOptions(
            name="operation",
            options={
                "base_manager_name": "objects",
                "default_permissions": ("view",),
                "permissions": (
                    ("place_object", "Can place a new object straight into a later state"),
                ),
            },
        ),
    ]
