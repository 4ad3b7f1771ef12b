from django.apps import AppConfig


class BatchesConfig(AppConfig):
    name = "tests.batches"
    label = "batches"
