"""django-guardian: permissions on single orders, for users and groups."""
