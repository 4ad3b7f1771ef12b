"""What installing the application does, seen in a process of its own that has imported nothing else."""

import subprocess
import sys

SCRIPT = """
import django
from django.conf import settings

MIDDLEWARE = ["django.middleware.cache.UpdateCacheMiddleware", "pyforge_web.middleware.PyForgeMiddleware"]
settings.configure(INSTALLED_APPS=["pyforge_web"], MIDDLEWARE=MIDDLEWARE)
django.setup()
from django.core.checks import run_checks

print([message.id for message in run_checks()])
"""


def test_the_checks_are_registered():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert "pyforge_web.W002" in ran.stdout
