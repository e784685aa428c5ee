"""The outside world: a bank and a mail server in a process of their own, failing on demand.

Nothing here knows the claims: it only believes what it is told over HTTP, and keeps it.
"""
