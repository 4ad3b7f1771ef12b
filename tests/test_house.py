"""The names of the house: a name stands for one thing and says which. Read from the sources, nothing is imported."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "pyforge_web"
MOST_TOP_MODULES = 20

# Names that Django, pytest or Python itself looks for in each module that has them.
LOOKED_UP = {"Command", "app_name", "logger", "register", "urlpatterns"}
# One function under one name in each template language: the tag, Jinja2's global, the function itself.
SHARED = {"pyforge_json"}
# Public functions of one word. Each is a word that Django, Python or orjson has for the same thing.
ONE_WORD = {
    "adumps",  # dumps, awaited; as Django's aget
    "collect",  # with collect(): as contextlib's suppress and redirect_stdout are read
    "dumps",  # json.dumps
    "explain",  # QuerySet.explain
    "fields",  # PyForgeJsonResponse.fields
    "listen",  # native: look for collectors from now on
    "loads",  # json.loads
    "main",  # of a module that python -m runs
    "prepared",  # DESIGN 3: a page that is declared once
    "reads",  # DESIGN 3: names the columns that a method reads
    "rows",  # DESIGN 3: rows inside of other data
    "totals",  # native: the counts of the process
    "version",  # public: the version of the package
}
# The public names of output fields. Nothing else may be called like them.
OUTPUT_FIELDS = {
    "Attribute", "Computed", "Display", "Fields", "FileUrl", "Flat", "Keys", "Link", "prepared", "reads", "rows",
}  # fmt: skip
PARTICIPLE = re.compile(
    r"_*([A-Z][a-z]+(ed|ing)|Bound|Broken|Built|Chosen|Cut|Drawn|Found|Given|Held|Hidden|Kept|Known|Read|Seen|Sent|"
    r"Shown|Split|Taken|Told|Unbuilt|Unread|Unseen|Written)"
)
RUST_TYPE = re.compile(r"^(?:pub(?:\([\w:]+\))? )?(?:struct|enum|trait|union|type) (\w+)", re.MULTILINE)


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
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, statement


@cache
def modules_by_name() -> dict[str, list[str]]:
    """Give the modules that define a name, for each name that is chosen by us."""
    modules: dict[str, list[str]] = defaultdict(list)
    for module, tree in trees().items():
        for name in dict.fromkeys(name for name, _ in defined(tree)):
            if not name.startswith("__") and name not in LOOKED_UP | SHARED:
                modules[name].append(module)
    return modules


@cache
def public_names() -> frozenset[str]:
    """Give the names that users import from the package, and those of its output fields."""
    for name, statement in defined(trees()["pyforge_web"]):
        if name == "__all__":
            return frozenset(ast.literal_eval(statement.value)) | OUTPUT_FIELDS
    raise AssertionError("pyforge_web has no __all__")


def test_names_of_modules_have_one_meaning():
    twice = {name: modules for name, modules in sorted(modules_by_name().items()) if len(modules) > 1}
    assert not twice, "defined in more than one module"


def test_classes_are_not_bare_participles():
    classes = [
        f"{module}.{statement.name}"
        for module, tree in trees().items()
        for statement in ast.walk(tree)
        if isinstance(statement, ast.ClassDef) and PARTICIPLE.fullmatch(statement.name)
        if statement.name not in OUTPUT_FIELDS
    ]
    assert not classes, "say what was compiled, found, read"


def test_public_functions_have_two_words():
    functions = [
        f"{module}.{name}"
        for module, tree in trees().items()
        for name, statement in defined(tree)
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        if "_" not in name and name not in ONE_WORD
    ]
    assert not functions, "a verb and a noun"


def test_names_of_modules_do_not_repeat_public_ones():
    """A public name stands for what users import, in the module that defines it and in no other."""
    repeated = {
        name: modules
        for name, modules in sorted(modules_by_name().items())
        if name.startswith("_") and name.lstrip("_") in public_names()
    }
    assert not repeated


def test_modules_at_the_top_fit_on_one_screen():
    modules = sorted(path.name for path in PACKAGE.glob("*.py"))
    assert len(modules) <= MOST_TOP_MODULES, modules


def test_rust_types_have_one_meaning():
    files: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "native").rglob("src/**/*.rs")):
        for name in RUST_TYPE.findall(path.read_text()):
            files[name].add(str(path.relative_to(ROOT)))
    twice = {name: sorted(paths) for name, paths in files.items() if len(paths) > 1}
    assert not twice


def test_names_of_tests_say_a_subject_and_a_condition():
    """`test_<subject>_<condition>`; a test in a class has its subject from there."""
    tests = ROOT / "tests"
    short = [
        f"{path.relative_to(ROOT)}::{statement.name}"
        for path in sorted(tests.rglob("test_*.py"))
        for statement in ast.parse(path.read_text()).body
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name.startswith("test_")
        if statement.name.count("_") < 2
    ]
    assert not short
