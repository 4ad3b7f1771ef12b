from django.apps import AppConfig
from django.contrib.postgres.operations import CITextExtension, HStoreExtension
from django.db import connections
from django.db.models.signals import pre_migrate


class PostgreSQLConfig(AppConfig):
    name = "tests.querysets.pg"
    label = "querysets_pg"

    def ready(self):
        pre_migrate.connect(create_extensions, sender=self)


def create_extensions(using, **kwargs):
    """The types of the tables must be there before the tables."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.schema_editor() as editor:
            for extension in (HStoreExtension(), CITextExtension()):
                extension.database_forwards("querysets_pg", editor, None, None)
