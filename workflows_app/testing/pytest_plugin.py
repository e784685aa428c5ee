"""Fixtures for pytest: ``pytest_plugins = ["workflows_app.testing.pytest_plugin"]``.

It is no entry point: that would import the models in every pytest run of every project in the
environment, also in one without settings.
"""
