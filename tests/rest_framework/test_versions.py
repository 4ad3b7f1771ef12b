"""Versions of DRF that lack what a newer one has."""

import subprocess
import sys

# DRF 3.16 has neither the field nor the setting; both came with 3.17.
_WITHOUT_BIG_INTEGERS = """
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
import django
django.setup()
from rest_framework import fields, serializers
from rest_framework import settings as drf_settings
vars(fields).pop("BigIntegerField", None)
drf_settings.DEFAULTS.pop("COERCE_BIGINT_TO_STRING", None)
drf_settings.api_settings.defaults.pop("COERCE_BIGINT_TO_STRING", None)
from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer
class Numbers(CompiledSerializerMixin, serializers.Serializer):
    number = serializers.IntegerField()
print(PyForgeJSONRenderer().render(Numbers([{"number": 2**70}], many=True).data).decode())
"""


def test_a_version_without_big_integers_can_be_imported():
    done = subprocess.run([sys.executable, "-c", _WITHOUT_BIG_INTEGERS], capture_output=True, text=True)
    assert done.stdout == f'[{{"number":{2**70}}}]\n', done.stderr
