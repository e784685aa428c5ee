from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("testapp", "0002_shapes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="parcel",
            constraint=models.CheckConstraint(
                condition=models.Q(("tracking__startswith", "!"), _negated=True),
                name="testapp_parcel_tracking",
                violation_error_code="tracking_odd",
                violation_error_message="No tracking number begins like this.",
            ),
        ),
        migrations.AddConstraint(
            model_name="parcel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("title__startswith", "only ")),
                fields=("sender", "title"),
                name="testapp_parcel_title",
            ),
        ),
    ]
