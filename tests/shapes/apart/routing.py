"""The router that a project with two databases writes."""

APART = {"shop", "workflows_app"}


class Apart:
    def db_for_read(self, model, **hints):
        return "flow" if model._meta.app_label in APART else "default"

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, db, app_label, **hints):
        return (db == "flow") is (app_label in APART)
