"""Two interpreters in one process, as mod_wsgi runs two sites: the second is refused with one clear error."""

import subprocess
import sys
from pathlib import Path

import pytest

from pyforge_web.conf import DEFAULT_DOCS_URL

COMMON = """
import sys
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
    create = lambda: interpreters.create("legacy")  # it shares the GIL, as those of mod_wsgi do
else:
    import _xxsubinterpreters as interpreters
    create = lambda: interpreters.create(isolated=False)

def run(interpreter, code):
    failed = interpreters.run_string(interpreter, f"import sys; sys.path[:] = {sys.path!r}\\n{code}")
    assert failed is None, failed

USED = '''
import uuid
from django.conf import settings
settings.configured or settings.configure()
from pyforge_web import dumps
assert dumps([1, uuid.UUID(int=1)]) == b'[1,"00000000-0000-0000-0000-000000000001"]'
'''
REFUSED = '''
for _ in range(2):
    try:
        import pyforge_web
    except ImportError as error:
        assert "one interpreter only" in str(error) and "WSGIApplicationGroup" in str(error), error
        assert error.__notes__ == ["See DOCS_URLreference/errors.html#error-interpreter"], error.__notes__
    else:
        raise AssertionError("it was imported")
'''
""".replace("DOCS_URL", DEFAULT_DOCS_URL)
SCENARIOS = {
    "the second is refused, and the first goes on": """
exec(USED)
for _ in range(3):
    other = create()
    run(other, REFUSED)
    interpreters.destroy(other)
exec(USED)
""",
    "one site alone works in an interpreter of its own": """
other = create()
run(other, USED)
run(other, USED)
exec(REFUSED)
run(other, USED)
""",
    "the first has ended": """
other = create()
run(other, USED)
interpreters.destroy(other)
exec(REFUSED)
third = create()
run(third, REFUSED)
""",
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_other_interpreters_are_refused(scenario):
    command = [sys.executable, "-c", COMMON + scenario]
    ran = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, f"exit code {ran.returncode}\n{ran.stderr[-3000:]}"
