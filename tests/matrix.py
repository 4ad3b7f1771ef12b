"""`python -m tests.matrix`: build, and run the Python tests, under every supported interpreter of this machine.

Each has an environment of its own (`.venv-3.12`) with the newest Django that it takes. Arguments go to pytest.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13")


def find(version):
    """A Python of this version that starts: from PATH, else from pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        shutil.which(f"python{version}"),
        *sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True),
    ]
    for python in filter(None, candidates):
        code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
        said = subprocess.run([python, "-c", code], capture_output=True, text=True)
        if said.stdout.strip() == version:
            return str(python)
    return None


def prepare(python, version):
    """The environment's Python, with dependencies and a fresh release build of the extension."""
    venv = ROOT / f".venv-{version}"
    own = venv / "bin" / "python"
    if not own.exists():
        run(python, "-m", "venv", venv)
        run(own, "-m", "pip", "install", "-q", "--upgrade", "pip>=25.1")
    run(own, "-m", "pip", "install", "-q", "--upgrade", "Django", "maturin>=1.9.4,<2")
    # A target folder of its own: the one of `make test` stays as it is.
    build = {
        "VIRTUAL_ENV": str(venv),
        "PYO3_PYTHON": str(own),
        "CARGO_TARGET_DIR": str(ROOT / "target" / f"matrix-{version}"),
    }
    run(venv / "bin" / "maturin", "develop", "--release", "--quiet", "--group", "test", **build)
    return own


def run(*command, check=True, **environment):
    return subprocess.run(list(map(str, command)), cwd=ROOT, env=os.environ | environment, check=check).returncode


def main(arguments):
    results = {}
    for version in VERSIONS:
        python = find(version)
        if not python:
            results[version] = "not found on this machine: not tested"
            continue
        try:
            own = prepare(python, version)
        except subprocess.CalledProcessError as error:
            results[version] = f"FAILED to build: {error}"
            continue
        django = subprocess.check_output([own, "-m", "django", "--version"], text=True).strip()
        failed = run(own, "-m", "pytest", "-q", *arguments, check=False)
        results[version] = f"{'FAILED' if failed else 'passed'} with Django {django} ({python})"
    print("\n".join(f"Python {version}: {result}" for version, result in results.items()))
    return any("FAILED" in result for result in results.values()) or all("not found" in r for r in results.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
