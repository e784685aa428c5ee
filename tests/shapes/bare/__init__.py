"""Users without permissions, with a text as key, and no admin."""
