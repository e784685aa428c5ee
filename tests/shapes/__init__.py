"""Projects of many shapes: each a settings module and an app, in a process of its own.

`python -m tests.shapes accounts` makes the databases of one, tells its story and removes them.
"""
