"""`python -m tests.instrumented asan|coverage [arguments of pytest]`: the tests with an instrumented build of the core.

The build and a copy of the sources are in target/asan/ or target/coverage/; the installed core stays as it is.
What no test reaches is in target/coverage/python.txt and rust.txt, by lines, and in rust-regions.txt.
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
    tools = _find_llvm_tools(environment) if mode == "coverage" else None  # before the build, which takes minutes
    tree = _copy(folder / "tree")
    host = _read_output(["rustc", "--print", "host-tuple"], environment).strip()
    library = _build(mode, folder, tree, host, environment)
    shutil.copy(library, tree / "pyforge_web" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}")
    # Processes that the tests start elsewhere import the copy, too.
    environment["PYTHONPATH"] = str(tree)
    if tools is None:
        return _run_asan(tree, list(arguments), environment)
    return _run_coverage(folder, tree, tools, list(arguments), environment)


def _run_asan(tree, arguments, environment):
    runtime = _read_output(["cc", "-print-file-name=libasan.so"], environment).strip()
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


def _run_coverage(folder, tree, tools, arguments, environment):
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
    (folder / "python.txt").write_text(_read_output(report, environment, tree))
    cargo = ["cargo", "test", "--quiet", "--workspace", "--locked", "--target-dir", folder / "rust-tests"]
    status = _run(cargo, environment, cwd=tree, check=False).returncode or status
    merged = folder / "rust.profdata"
    # A process that a test kills may leave half a file: it is left out.
    merge = [tools / "llvm-profdata", "merge", "--sparse", "--failure-mode=all", "-o", merged]
    _run([*merge, *profiles.glob("*.profraw")], environment)
    objects = [tree / "pyforge_web" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"]
    objects += [path for path in (folder / "rust-tests").glob("debug/deps/_native-*") if not path.suffix]
    given = [f"--object={path}" for path in objects]
    ignored = "--ignore-filename-regex=(/.cargo/|/rustc/|/tests.rs)"
    rust = [f"--instr-profile={merged}", ignored, *given]
    shown = [tools / "llvm-cov", "show", *rust, "--region-coverage-lt=100"]
    (folder / "rust-regions.txt").write_text(_read_output(shown, environment))
    exported = _read_output([tools / "llvm-cov", "export", "--format=lcov", *rust], environment)
    (folder / "rust.txt").write_text(list_lines(exported, tree))
    print("Python:", _read_last_line(folder / "python.txt"))
    print("Rust:  ", _read_last_line(folder / "rust.txt"))
    print(f"What is not covered: {folder}/python.txt, rust.txt (lines), rust-regions.txt")
    return status


def list_lines(lcov, root):
    """Return the lines of each file that were not executed, as coverage.py lists them, from what llvm-cov exports."""
    rows, total, missed = [("Name", "Lines", "Miss", "Cover", "Missing")], 0, 0
    for record in sorted(lcov.split("end_of_record\n")):  # each begins with the name of its file
        fields = [line.partition(":")[::2] for line in record.splitlines()]
        counts = dict(map(int, text.split(",")[:2]) for kind, text in fields if kind == "DA")
        missing = sorted(number for number, count in counts.items() if not count)
        total, missed = total + len(counts), missed + len(missing)
        if missing:
            name = os.path.relpath(dict(fields)["SF"], root)
            rows.append((name, len(counts), len(missing), _percent(counts, missing), _join_ranges(missing, counts)))
    rows.append(("TOTAL", total, missed, _percent(range(total), range(missed)), ""))
    return "".join("{:60} {:>6} {:>5} {:>6}  {}".format(*row).rstrip() + "\n" for row in rows)


def _percent(lines, missing):
    return f"{100 - 100 * len(missing) / max(len(lines), 1):.1f}%"


def _join_ranges(missing, counts):
    """Return line numbers as `3-7, 12`: lines without code do not end a range."""
    ranges = []
    for number in missing:
        if ranges and not any(counts.get(between) for between in range(ranges[-1][1] + 1, number)):
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


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


def _build(mode, folder, tree, host, environment):
    """Return the library; build scripts and macros are not instrumented, as they are built for the host.

    It is built from the copy: the reports would show other lines of a file that is edited in the meantime.
    """
    command = ["cargo", "build", "--quiet", "--release", "--config", "profile.release.lto=false"]
    command += ["--package", "pyforge-web-native", "--target", host, "--target-dir", folder / "build"]
    flags = {"RUSTC_BOOTSTRAP": "1", "RUSTFLAGS": _FLAGS[mode], "PYO3_BUILD_EXTENSION_MODULE": "1"}
    _run(command, environment | flags, cwd=tree)
    return folder / "build" / host / "release" / "lib_native.so"


def _find_llvm_tools(environment):
    ask = ["rustc", "--print", "target-libdir"]
    own = Path(_read_output(ask, environment).strip()).parent / "bin"
    version = _read_output(["rustc", "-vV"], environment)
    major = version.rpartition("LLVM version: ")[2].partition(".")[0]
    for tools in (own, Path(f"/usr/lib/llvm-{major}/bin")):
        if (tools / "llvm-cov").exists():
            return tools
    sys.exit(
        "make coverage needs LLVM's tools of the Rust toolchain: rustup component add llvm-tools"
        f" (or Debian's: apt-get install llvm-{major})"
    )


def _read_output(command, environment, cwd=_ROOT):
    return _run(command, environment, cwd=cwd, stdout=subprocess.PIPE, text=True).stdout


def _read_last_line(path):
    return path.read_text().strip().rpartition("\n")[2]


def _run(command, environment, cwd=_ROOT, check=True, **kwargs):
    return subprocess.run([str(part) for part in command], env=environment, cwd=cwd, check=check, **kwargs)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
