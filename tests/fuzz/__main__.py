"""`python -m tests.fuzz [SECONDS] [TARGET ...]`: build the libFuzzer targets, and run them.

The seconds are those of all targets together.
cargo-fuzz is installed below target/ at the first run. `RUSTC_BOOTSTRAP=1` makes the stable toolchain take the flags of
coverage and AddressSanitizer. New inputs that reach new code are kept in target/fuzz/corpus/, inputs that fail in
target/fuzz/artifacts/.
"""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_FUZZ = _ROOT / "tests" / "fuzz"
_TARGET = _ROOT / "target" / "fuzz"
_TARGETS = ("body", "changes", "numbers", "stored", "temporal", "text", "values")


def main(seconds="120", *names):
    """Run the targets one after the other; return the number of those that failed."""
    names = names or _TARGETS
    environment = _environment()
    cargo_fuzz = _cargo_fuzz(environment)
    _run([cargo_fuzz, "build", "--fuzz-dir", _FUZZ, "--target-dir", _TARGET], environment, check=True)
    return sum(_fuzz(name, max(1, int(seconds) // len(names)), environment) for name in names)


def _environment():
    paths = (str(_ROOT), sysconfig.get_path("purelib"), os.environ.get("PYTHONPATH", ""))
    return {
        **os.environ,
        "RUSTC_BOOTSTRAP": "1",
        "PYO3_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONMALLOC": "malloc",  # AddressSanitizer does not see into Python's own arenas
        "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0",  # Python's constants live to the end
    }


def _cargo_fuzz(environment):
    tools = _ROOT / "target" / "tools"
    if not (tools / "bin" / "cargo-fuzz").exists():
        _run(["cargo", "install", "--quiet", "--locked", "--root", tools, "cargo-fuzz"], environment, check=True)
    environment["PATH"] = f"{tools / 'bin'}{os.pathsep}{environment['PATH']}"
    return "cargo-fuzz"


def _fuzz(name, seconds, environment):
    """Run one target; return whether it failed."""
    (binary,) = _TARGET.glob(f"*/release/{name}")
    corpus, artifacts = _TARGET / "corpus" / name, _TARGET / "artifacts" / name
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1"]
    command = [binary, *limits, f"-artifact_prefix={artifacts}/", corpus, _FUZZ / "seeds" / name]
    ran = _run(command, environment, stderr=subprocess.PIPE, text=True)
    runs = re.findall(r"number_of_executed_units: (\d+)", ran.stderr)
    edges = re.findall(r"cov: (\d+)", ran.stderr)
    print(
        f"{name:10} {runs[-1] if runs else '?':>10} runs {edges[-1] if edges else '?':>6} edges in {seconds} s",
        flush=True,
    )
    if ran.returncode:
        print(ran.stderr[-6000:], file=sys.stderr)
    return ran.returncode != 0


def _run(command, environment, **kwargs):
    return subprocess.run(
        [str(part) for part in command], env=environment, cwd=_ROOT, check=kwargs.pop("check", False), **kwargs
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
