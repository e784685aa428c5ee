"""The code of a page as a module of the test app, and tables for its models."""

import sys
from contextlib import contextmanager
from types import ModuleType

from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import isolate_apps

from .reader import blocks_of


@contextmanager
def page_as_module(page, name, **names):
    """All Python of a page, run as one module; ``names`` are there before it begins."""
    module = ModuleType(f"tests.testapp.{name}")
    vars(module).update(names, __package__="tests.testapp")
    sys.modules[module.__name__] = module
    with isolate_apps("tests.testapp") as registry:
        registry.all_models["auth"] = {"user": User, "group": Group}
        exec(compile(python_of(page), page, "exec"), vars(module))
        yield module
    del sys.modules[module.__name__]


def python_of(page):
    return "\n".join(block.text for block in blocks_of(page) if block.language == "python")


@contextmanager
def tables_of(*models):
    """Tables for these models and their histories."""
    histories = [model.history.model for model in models if hasattr(model, "history")]
    models = [*models, *histories]
    with connection.schema_editor() as editor:
        for model in models:
            editor.create_model(model)
    yield
    with connection.schema_editor() as editor:
        for model in reversed(models):
            editor.delete_model(model)
