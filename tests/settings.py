"""Settings of the test suite: one database, named by WORKFLOWS_TEST_DATABASE.

`sqlite` (the default) is a file in a directory of its own, because threads and worker processes
must be able to open it; `sqlite:////path/to/file` is that very file; anything else is a server's
URL, such as `postgres://postgres@127.0.0.1:5432/postgres` or `mysql://root@127.0.0.1:3306/mysql`.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import dj_database_url

CHOSEN_DATABASE = os.environ.get("WORKFLOWS_TEST_DATABASE", "sqlite")

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
}


def sqlite_in_a_new_directory():
    directory = Path(tempfile.mkdtemp(prefix="workflows-tests-"))
    atexit.register(remove_if_mine, directory, os.getpid())
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": directory / "settings.sqlite3",
        "TEST": {"NAME": str(directory / "test.sqlite3")},
    }


def remove_if_mine(directory, owner_pid):
    """A forked child runs our exit handlers too, and the directory is its parent's."""
    if os.getpid() == owner_pid:
        shutil.rmtree(directory, ignore_errors=True)


def database(chosen):
    if chosen == "sqlite":
        settings = sqlite_in_a_new_directory()
    else:
        settings = dict(dj_database_url.parse(chosen))
        settings["TEST"] = {"NAME": f"test_workflows_{os.getpid()}"}
    if settings["ENGINE"].endswith("sqlite3"):
        settings["OPTIONS"] = SQLITE_OPTIONS
    return settings | {"CONN_MAX_AGE": 60}


DATABASES = {"default": database(CHOSEN_DATABASE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = "only for tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "tests.urls"
STATIC_URL = "/static/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

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
    "tests.testapp",
    "tests.kills",
    "tests.orders",
    "tests.errands",
    "demo_project.claims",
]

MIDDLEWARE = [
    "workflows_app.api.middleware.ProblemsUnderPrefix",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

REST_FRAMEWORK = {
    # Basic first: the first authenticator decides between 401 and 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.BasicAuthentication",
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
}

Q_CLUSTER = {
    "name": "tests",
    "orm": "default",
    "workers": 2,
    "timeout": 60,
    "retry": 90,
    "save_limit": -1,
    "catch_up": False,
}
