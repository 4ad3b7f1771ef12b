"""The names of the house: one name means one thing, and says which. Read from the syntax trees, nothing is imported."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "pyforge_web"
NATIVE = ROOT / "native" / "src"

# Names that Django, pytest or Python look up in each module that has them.
LOOKED_UP = {"Command", "app_name", "logger", "register", "urlpatterns"}
# Public functions of one word: the house's own words, in the manner of Django's `render`, `reverse` and `path`.
ONE_WORD = {
    "afrom",  # awaits a response, as Django's `aget` awaits a row
    "collect",  # opens a collector, as `warnings.catch_warnings` and `contextlib.suppress` are read: with collect()
    "dumps",  # json.dumps and orjson.dumps
    "adumps",  # its asynchronous twin
    "loads",  # json.loads
    "listen",  # native: look for collectors from now on
    "explain",  # QuerySet.explain
    "fields",  # PyForgeJsonResponse.fields
    "prepared",  # an output of DESIGN 3: a page declared once
    "reads",  # an output of DESIGN 3: which columns a method reads
    "rows",  # an output of DESIGN 3: rows inside of any data
}
# What output fields are called in public; nothing internal may have these names.
OUTPUT_FIELDS = {
    "Attribute", "Computed", "Display", "Fields", "FileUrl", "Flat", "Keys", "Link", "prepared", "reads", "rows",
}  # fmt: skip
_PARTICIPLE = re.compile(
    r"_*([A-Z][a-z]+(ed|ing)|Seen|Unseen|Taken|Given|Known|Shown|Written|Chosen|Drawn|Broken|Hidden|Found|Built|Unbuilt|"
    r"Kept|Held|Sent|Told|Read|Unread|Cut|Split|Bound)"
)
_RUST_TYPE = re.compile(r"^(?:pub(?:\([\w:]+\))? )?(?:struct|enum|trait|union|type) (\w+)", re.MULTILINE)
_TOP_MODULES = 20

# What stands in rooms that are still being mended. It shrinks to nothing: take out what is mended, add nothing.
REMAINING: dict[str, set[str]] = {}


def module_name(path: Path) -> str:
    return str(path.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__")


@cache
def trees() -> dict[str, ast.Module]:
    """Give each module of the package by its name, and the stub of the native one."""
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if "__pycache__" not in path.parts]
    return {module_name(path): ast.parse(path.read_text()) for path in [*paths, PACKAGE / "_native.pyi"]}


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements of a module's level, those behind `if` and `try` included."""
    for statement in body:
        yield statement
        for part in ("body", "orelse", "finalbody", "handlers"):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for inner in getattr(statement, part, ()):
                    yield from statements(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


def defined(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Give the names that a module defines at its level, without those that it imports."""
    for statement in statements(tree.body):
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, statement
            case ast.Assign(targets=targets):
                for target in targets:
                    names = target.elts if isinstance(target, ast.Tuple) else [target]
                    yield from ((name.id, statement) for name in names if isinstance(name, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.TypeAlias(name=ast.Name(id=name)) if hasattr(
                ast, "TypeAlias"
            ):
                yield name, statement


@cache
def modules_by_name() -> dict[str, list[str]]:
    """Give the modules that define a name, for each name that has a meaning of its own."""
    modules: dict[str, list[str]] = defaultdict(list)
    for module, tree in trees().items():
        for name in dict.fromkeys(name for name, _ in defined(tree)):
            if not (name.startswith("__") or name in LOOKED_UP or name == "_"):
                modules[name].append(module)
    return modules
