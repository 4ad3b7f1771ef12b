"""`python -m tests.instrumented asan|coverage [arguments of pytest]`: the tests with an instrumented build of the core.

The build and a copy of the sources are in target/asan/ or target/coverage/; the installed core stays as it is.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

_ROOT = Path(__file__).parents[1]
# What reads and writes memory itself: the suites of the encoder, of rows, of validation and of request bodies.
_ASAN_SUITES = ("tests/test_encoder_*.py", "tests/test_http*.py", "tests/querysets", "tests/validation", "tests/bodies")
_FLAGS = {
    # GCC's runtime is loaded before Python; 16 units build in a third of the time of one.
    "asan": "-Zsanitizer=address -Cdebug-assertions=yes -Coverflow-checks=yes -Ccodegen-units=16",
    "coverage": "-Cinstrument-coverage -Ccodegen-units=16",
}


def main(mode, *arguments):
    """Build, and run the tests; return pytest's exit status."""
    environment = {**os.environ, "PYO3_PYTHON": sys.executable}
    folder = _ROOT / "target" / mode
    tree = _copy(folder / "tree")
    host = _run(["rustc", "--print", "host-tuple"], environment, stdout=subprocess.PIPE, text=True).stdout.strip()
    library = _build(mode, folder, host, environment)
    shutil.copy(library, tree / "pyforge_web" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}")
    # Processes that the tests start elsewhere import the copy, too.
    environment["PYTHONPATH"] = str(tree)
    run = _run_asan if mode == "asan" else _run_coverage
    return run(folder, tree, list(arguments), environment)


def _run_asan(folder, tree, arguments, environment):
    runtime = _run(["cc", "-print-file-name=libasan.so"], environment, stdout=subprocess.PIPE, text=True).stdout.strip()
    environment |= {
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0:detect_stack_use_after_return=1:abort_on_error=1",
        "PYTHONMALLOC": "malloc",  # else Python's arenas hide the ends of its objects
    }
    suites = arguments or [str(path) for pattern in _ASAN_SUITES for path in sorted(tree.glob(pattern))]
    # Bounds of time and memory are those of a release build.
    options = ["-q", "-p", "no:cacheprovider", "--hypothesis-profile=ci", "-k", "not memory and not leak"]
    command = [sys.executable, "-m", "pytest", *options, *suites]
    return _run(command, environment, cwd=tree, check=False).returncode


def _run_coverage(folder, tree, arguments, environment):
    tools = _find_llvm_tools(environment)
    profiles = folder / "profiles"
    shutil.rmtree(profiles, ignore_errors=True)
    environment |= {
        "LLVM_PROFILE_FILE": str(profiles / "%p-%m.profraw"),
        "COVERAGE_FILE": str(folder / "python.data"),
        "RUSTFLAGS": _FLAGS["coverage"],
    }
    # What is measured is in pyproject.toml: the workers of pytest and all other processes of the tests, too.
    coverage = [sys.executable, "-m", "coverage"]
    _run([*coverage, "erase"], environment, cwd=tree)
    status = _run([*coverage, "run", "-m", "pytest", "-q", *arguments], environment, cwd=tree, check=False).returncode
    _run([*coverage, "combine", "--quiet"], environment, cwd=tree)
    report = [*coverage, "report", "--show-missing", "--skip-covered"]
    _report(report, folder / "python.txt", environment, tree)
    _run(["cargo", "test", "--quiet", "--workspace", "--target-dir", folder / "rust-tests"], environment)
    merged = folder / "rust.profdata"
    # A process that a test kills may leave half a file: it is left out.
    merge = [tools / "llvm-profdata", "merge", "--sparse", "--failure-mode=all", "-o", merged]
    _run([*merge, *profiles.glob("*.profraw")], environment)
    objects = [tree / "pyforge_web" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"]
    objects += [path for path in (folder / "rust-tests").glob("debug/deps/_native-*") if not path.suffix]
    given = [f"--object={path}" for path in objects]
    ignored = "--ignore-filename-regex=(/.cargo/|/rustc/|/tests.rs)"
    rust = [tools / "llvm-cov", "report", f"--instr-profile={merged}", ignored, *given]
    _report(rust, folder / "rust.txt", environment, tree)
    lines = [tools / "llvm-cov", "show", f"--instr-profile={merged}", ignored, "--region-coverage-lt=100", *given]
    (folder / "rust-lines.txt").write_text(_run(lines, environment, stdout=subprocess.PIPE, text=True).stdout)
    print(f"What is not covered: {folder}/python.txt, rust.txt, rust-lines.txt")
    return status


def _copy(tree):
    """Return a fresh copy of what is in the repository, with the files that are not committed yet."""
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=_ROOT,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, target = _ROOT / name, tree / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return tree


def _build(mode, folder, host, environment):
    """Return the library; build scripts and macros are not instrumented, as they are built for the host."""
    command = ["cargo", "build", "--quiet", "--release", "--config", "profile.release.lto=false"]
    command += ["--package", "pyforge-web-native", "--target", host, "--target-dir", folder / "build"]
    flags = {"RUSTC_BOOTSTRAP": "1", "RUSTFLAGS": _FLAGS[mode], "PYO3_BUILD_EXTENSION_MODULE": "1"}
    _run(command, environment | flags)
    return folder / "build" / host / "release" / "lib_native.so"


def _find_llvm_tools(environment):
    ask = ["rustc", "--print", "target-libdir"]
    own = Path(_run(ask, environment, stdout=subprocess.PIPE, text=True).stdout.strip()).parent / "bin"
    version = _run(["rustc", "-vV"], environment, stdout=subprocess.PIPE, text=True).stdout
    major = version.rpartition("LLVM version: ")[2].partition(".")[0]
    for tools in (own, Path(f"/usr/lib/llvm-{major}/bin")):
        if (tools / "llvm-cov").exists():
            return tools
    sys.exit(
        "make coverage needs LLVM's tools of the Rust toolchain: rustup component add llvm-tools"
        f" (or Debian's: apt-get install llvm-{major})"
    )


def _report(command, path, environment, tree):
    text = _run(command, environment, cwd=tree, stdout=subprocess.PIPE, text=True).stdout
    path.write_text(text)
    print(text.strip().rpartition("\n")[2])


def _run(command, environment, cwd=_ROOT, check=True, **kwargs):
    return subprocess.run([str(part) for part in command], env=environment, cwd=cwd, check=check, **kwargs)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
