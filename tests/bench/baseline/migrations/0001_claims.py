import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("iban", models.CharField(blank=True, max_length=34)),
                ("documents", models.PositiveIntegerField(default=0)),
                (
                    "payout",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True),
                ),
                ("rejection", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("review", "Being reviewed"),
                            ("escalated", "With a senior reviewer"),
                            ("paying", "Payment on its way"),
                            ("halted", "Payment halted"),
                            ("paid", "Paid"),
                            ("rejected", "Rejected"),
                            ("cancelled", "Withdrawn"),
                        ],
                        default="draft",
                        max_length=50,
                    ),
                ),
                (
                    "claimant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="unguarded_claims",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HistoricalClaim",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("iban", models.CharField(blank=True, max_length=34)),
                ("documents", models.PositiveIntegerField(default=0)),
                (
                    "payout",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True),
                ),
                ("rejection", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("review", "Being reviewed"),
                            ("escalated", "With a senior reviewer"),
                            ("paying", "Payment on its way"),
                            ("halted", "Payment halted"),
                            ("paid", "Paid"),
                            ("rejected", "Rejected"),
                            ("cancelled", "Withdrawn"),
                        ],
                        default="draft",
                        max_length=50,
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "claimant",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                "verbose_name": "historical claim",
                "verbose_name_plural": "historical claims",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
    ]
