#!/usr/bin/env python
"""Django's commands for the demo site; ``python manage.py demo`` plays its story."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_project.settings")
    execute_from_command_line(sys.argv)
