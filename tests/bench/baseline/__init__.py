"""The unguarded way: what a safe command is measured against.

A status is a plain column, a client PATCHes it, django-simple-history takes a snapshot afterwards.
No rules, no version, no key, no operation, no effects, not even one transaction for both writes.
It has the columns of the demo's claim except `status_since` and `version`: those two exist for the
guarantees, so they count as their cost. This app does not change; numbers of different days are
comparable only because of that.
"""
