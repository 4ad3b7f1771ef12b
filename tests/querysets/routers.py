"""Where the tables of the tests are."""

from django.db import connections


class OnlyPostgreSQL:
    """The tables of `tests.querysets.pg` exist on PostgreSQL alone."""

    def allow_migrate(self, db, app_label, **hints):
        return connections[db].vendor == "postgresql" if app_label == "querysets_pg" else None


class ApartFromMySQL:
    """The tables of these apps have defaults, keys and checks that MySQL or MariaDB refuse to create."""

    def allow_migrate(self, db, app_label, **hints):
        return False if app_label in ("validation", "bodies") and connections[db].vendor == "mysql" else None
