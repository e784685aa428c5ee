"""Django's own example of a router for replicas; people are read from the primary."""

LAGS = {"shop", "workflows_app"}


class FromTheReplica:
    def db_for_read(self, model, **hints):
        return "replica" if model._meta.app_label in LAGS else "default"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, db, app_label, **hints):
        return True
