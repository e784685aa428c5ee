"""As little as a project needs to be checked."""

SECRET_KEY = "only for a type checker"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "simple_history",
    "django_q",
    "workflows_app",
    "loans",
]
Q_CLUSTER = {"name": "site", "orm": "default", "timeout": 60, "retry": 90}
