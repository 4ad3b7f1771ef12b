"""The modules of the Rust core import each other one way only. Read from the sources, nothing is compiled."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "native" / "src"
TESTS = "#[cfg(test)]"


def expand_use(text: str, prefix: str = "") -> list[str]:
    """Give the paths that a `use` names: `a::{b, c::d}` names `a::b` and `a::c::d`."""
    parts, start, depth = [], 0, 0
    for place, letter in enumerate(f"{text},"):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    paths = []
    for part in filter(None, parts):
        if group := re.fullmatch(r"([^{]*)\{(.*)\}", part, re.DOTALL):
            paths += expand_use(group[2], prefix + group[1])
        else:
            paths.append(prefix + part.split(" as ")[0])
    return paths


class RustModules:
    """The modules of a crate by their paths, and what the packages among them hand on."""

    def __init__(self, sources: Path) -> None:
        self.texts: dict[tuple[str, ...], str] = {}
        for path in sorted(sources.rglob("*.rs")):
            parts = path.relative_to(sources).with_suffix("").parts
            code = re.sub(r"//[^\n]*", "", path.read_text()).split(TESTS)[0]
            self.texts[tuple(part for part in parts if part not in ("mod", "lib"))] = code
        self.handed_on: dict[tuple[str, ...], tuple[str, ...]] = {}
        for module, code in self.texts.items():
            for used in re.findall(r"\bpub use ([^;]+);", code):
                for target in map(self.resolve_path(module), expand_use(used)):
                    self.handed_on[(*module, target[-1])] = target

    def resolve_path(self, module: tuple[str, ...]):
        def resolve(path: str) -> tuple[str, ...]:
            first, *rest = path.split("::")
            base = {"crate": (), "self": module, "super": module[:-1]}.get(first)
            if base is None:
                return (*module, first, *rest)
            while rest and rest[0] == "super":
                base, rest = base[:-1], rest[1:]
            return (*base, *rest)

        return resolve

    def find_module(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Give the module in which a path is defined, also where a package hands it on."""
        for length in range(len(path), 0, -1):
            if (target := self.handed_on.get(path[:length])) and target != path[:length]:
                return self.find_module(target)
            if path[:length] in self.texts:
                return path[:length]
        return ()

    def imports(self) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
        """Give what each module names of others. What a package names of its own modules is not among it."""
        found = {}
        for module, code in self.texts.items():
            used = [path for text in re.findall(r"\buse ([^;]+);", code) for path in expand_use(text)]
            used += re.findall(r"\b(?:crate|super)(?:::\w+)+", re.sub(r"\buse [^;]+;", "", code))
            targets = {self.find_module(self.resolve_path(module)(path)) for path in used}
            found[module] = {target for target in targets if target[: len(module)] != module}
        return found


def test_modules_have_no_circle():
    imports = RustModules(SOURCES).imports()
    del imports[()]  # lib.rs: it names all that Python sees
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join("::".join(module) for module in error.args[1])) from None


def test_circle_is_found_behind_a_package(tmp_path):
    (tmp_path / "walk").mkdir()
    (tmp_path / "lib.rs").write_text("mod any; mod walk;")
    (tmp_path / "any.rs").write_text("use crate::walk::{self, Frame};")
    (tmp_path / "walk" / "mod.rs").write_text("mod frame;\npub use frame::Frame;\nuse frame::Inner;")
    (tmp_path / "walk" / "frame.rs").write_text("use super::Frame;")
    imports = RustModules(tmp_path).imports()
    assert imports[("walk", "frame")] == set()
    assert imports[("any",)] == {("walk",), ("walk", "frame")}
    (tmp_path / "walk" / "frame.rs").write_text("fn step() { crate::any::go() }")
    assert RustModules(tmp_path).imports()[("walk", "frame")] == {("any",)}
