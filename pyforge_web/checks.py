"""System checks; `docs/checks.md` has a section for each."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as Caution
from django.template import engines
from django.template.backends.django import DjangoTemplates

from .loaders import LiteralTag, find_literal

_EXTENSION = "pyforge_web.jinja.PyForgeExtension"


@register(Tags.templates)
def check_literal_tags(**kwargs: Any) -> list[CheckMessage]:
    """Finds templates whose `<% pyforge_json value %>` no engine would run: it would be sent to the browser as text."""
    runs: dict[Path, bool] = {}
    for engine in engines.all():
        for directory, does_run in _directories(engine):
            runs[directory] = runs.get(directory, False) or does_run
    return [_message(*place) for place in _literal_tags(directory for directory, does in runs.items() if not does)]


def _directories(engine: Any) -> Iterator[tuple[Path, bool]]:
    """The directories an engine reads, each with whether the literal tag runs there."""
    if isinstance(engine, DjangoTemplates):
        seen = set()
        for loader in _loaders(engine.engine.template_loaders):
            for name in loader.get_dirs() if hasattr(loader, "get_dirs") else ():
                if (directory := Path(name)) not in seen:  # the first loader that has it reads it
                    seen.add(directory)
                    yield directory, isinstance(loader, LiteralTag)
        return
    env = getattr(engine, "env", None)
    # What is neither Django's nor Jinja2's may know the tag: it is not judged.
    runs = env is None or (env.block_start_string == "<%" and _EXTENSION in env.extensions)
    for name in getattr(engine, "template_dirs", ()):
        yield Path(name), runs


def _loaders(loaders: Iterable[Any]) -> Iterator[Any]:
    """The loaders that read files; the cached one only wraps them."""
    for loader in loaders:
        if inner := getattr(loader, "loaders", None):
            yield from _loaders(inner)
        else:
            yield loader


def _literal_tags(directories: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    for directory in sorted(directories):
        for path in sorted(directory.rglob("*")):
            try:
                source = path.read_bytes() if path.is_file() else b""
            except OSError:
                continue  # whoever loads it is told
            if b"pyforge_json" in source and (line := find_literal(source.decode(errors="replace"))):
                yield path, line


def _message(path: Path, line: int) -> CheckMessage:
    return Caution(
        f"{path}, line {line}: no template engine runs <% pyforge_json %> here; it would be sent to the browser.",
        hint=(
            "Write {% load pyforge %}{% pyforge_json ... %}; or use pyforge_web.loaders.FilesystemLoader and "
            "AppDirectoriesLoader, or Jinja2 with pyforge_web.jinja.PyForgeExtension and block_start_string='<%'. "
            "What is meant as text belongs into {% verbatim %}."
        ),
        obj=str(path),
        id="pyforge_web.W010",
    )
