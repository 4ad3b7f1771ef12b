"""A second build of the native core that does not count, for `suites/counting.py`: target/uncounted/."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader
from pathlib import Path

PROJECT = Path(__file__).parents[1]
TREE = PROJECT / "target" / "uncounted"
METER = Path(__file__).with_name("uncounted_meter.rs")


def load() -> Callable[[object], bytes]:
    """Build it if the sources have changed, and return its `dumps`."""
    _copy_sources()
    environment = {"PYO3_PYTHON": sys.executable, **os.environ, "PYO3_BUILD_EXTENSION_MODULE": "1"}
    command = ["cargo", "build", "--release", "--quiet", "--locked"]
    if subprocess.run(command, cwd=TREE, env=environment, check=False).returncode:
        raise SystemExit(
            f"The build without counting failed: {METER} must fit in place of native/src/metering/meter.rs."
        )
    library = TREE / "target" / "release" / "lib_native.so"
    loader = ExtensionFileLoader("uncounted._native", str(library))
    specification = importlib.util.spec_from_loader(loader.name, loader)
    assert specification is not None
    module = importlib.util.module_from_spec(specification)
    loader.exec_module(module)
    dumps: Callable[[object], bytes] = module.dumps
    return dumps


def _copy_sources() -> None:
    """Copies keep their times, so that cargo builds only what has changed."""
    for name in ("Cargo.toml", "Cargo.lock", "native"):
        source, copy = PROJECT / name, TREE / name
        if source.is_dir():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(source, copy)
        else:
            TREE.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    shutil.copy2(METER, TREE / "native" / "src" / "metering" / "meter.rs")
