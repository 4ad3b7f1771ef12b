from django.apps import AppConfig


class BatchesConfig(AppConfig):
    name = "tests.bulk"
    label = "bulk"
