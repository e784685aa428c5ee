"""Orders and everything about them in a database of their own; users in the default one."""
