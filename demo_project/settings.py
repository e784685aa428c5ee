"""Settings of the demo site. SQLite by default; DATABASE_URL and REDIS_URL move it elsewhere."""

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url

BASE_DIR = Path(__file__).resolve().parent.parent

# A demo: its key is no secret, and its pages explain their errors.
SECRET_KEY = os.environ.get("SECRET_KEY", "the demo keeps no secrets")
DEBUG = os.environ.get("DEBUG", "1") == "1"
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

ROOT_URLCONF = "demo_project.urls"
WSGI_APPLICATION = "demo_project.wsgi.application"
STATIC_URL = "/static/"
LOGIN_URL = "/admin/login/"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The outside world (python -m demo_project.outside): its pages and switches, its bank, its mail.
OUTSIDE_URL = os.environ.get("OUTSIDE_URL", "http://127.0.0.1:9000")
BANK_URL = os.environ.get("BANK_URL", "http://127.0.0.1:9001")
MAIL_URL = os.environ.get("MAIL_URL", "http://127.0.0.1:9002")

# The bank signs what it tells us; a secret that both know, as every bank hands its customers one.
BANK_WEBHOOK_SECRET = os.environ.get(
    "BANK_WEBHOOK_SECRET", "whsec_dGhlIGJhbmsgb2YgdGhlIGRlbW8ga2VlcHMgbm8gc2VjcmV0cw=="
)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "simple_history",
    "django_fsm",
    "django_q",
    "workflows_app",
    "demo_project.claims",
    "demo_project.stage",
]

MIDDLEWARE = [
    "workflows_app.api.middleware.ProblemsUnderPrefix",
    "django.middleware.security.SecurityMiddleware",
    "demo_project.security.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{BASE_DIR / 'demo.sqlite3'}",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }

# django-q2 runs the processes; its ORM broker needs nothing else.
Q_CLUSTER = {"name": "demo", "workers": 2, "timeout": 60, "retry": 90, "catch_up": False}
if "REDIS_URL" in os.environ:
    Q_CLUSTER["redis"] = os.environ["REDIS_URL"]
else:
    Q_CLUSTER["orm"] = "default"

# So short a lease is for impatient onlookers: a killed worker's effect goes on after 10 s, not 60.
WORKFLOWS = {
    "LEASE": timedelta(seconds=10),
    "SWEEP_EVERY": timedelta(seconds=1),
    "INBOX": {"bank": {"secrets": [BANK_WEBHOOK_SECRET]}},
}

REST_FRAMEWORK = {
    # The first authenticator decides between 401 and 403: Basic and Token come before Session.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.BasicAuthentication",
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-8s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}
