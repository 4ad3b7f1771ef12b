"""Where the tables of the tests of batches are."""


class MadeByFixture:
    """Its tables come without unique indexes, from `conftest.py`: rows that Django refuses can be stored."""

    def allow_migrate(self, db, app_label, **hints):
        return False if app_label == "bulk" else None


class ToMySQL(MadeByFixture):
    """The same to MariaDB."""

    def db_for_read(self, model, **hints):
        return "mysql"

    def db_for_write(self, model, **hints):
        return "mysql"


class ToPostgreSQL(MadeByFixture):
    """Sends every query to PostgreSQL, as the setting of a project would."""

    def db_for_read(self, model, **hints):
        return "postgres"

    def db_for_write(self, model, **hints):
        return "postgres"
