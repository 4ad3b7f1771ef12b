"""System checks; `docs/reference/checks.md` has a section for each.

`apps.py` registers them, and imports them when they run.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.utils.module_loading import import_string

from pyforge_web._native import BUILD_PROFILE
from pyforge_web.conf import docs_url, get_settings
from pyforge_web.loaders import LiteralTag, find_literal
from pyforge_web.pages.contexts import find_unsafe_uses
from pyforge_web.querysets.backends import why_no_backend
from pyforge_web.secrets import find_secret_fields, find_unknown_public_fields
from pyforge_web.stock import find_changed_encoder

_JINJA_EXTENSION = "pyforge_web.jinja.PyForgeExtension"
_OUR_MIDDLEWARE = "pyforge_web.middleware.PyForgeMiddleware"
_TOOLBAR_MIDDLEWARE = "debug_toolbar.middleware.DebugToolbarMiddleware"
_CACHE_MIDDLEWARE = "django.middleware.cache.UpdateCacheMiddleware"

SystemCheck = Callable[..., list[CheckMessage]]


def run_with_addresses(checks: Iterable[SystemCheck], **kwargs: Any) -> list[CheckMessage]:
    """Return the messages of checks; each hint ends with the address of the check's section in the documentation."""
    messages = [message for check in checks for message in check(**kwargs)]
    for message in messages:
        if address := docs_url("checks", str(message.id).rpartition(".")[2].lower()):
            line = "\n" if "\n" in str(message.hint) else " "  # a hint of several lines is there to be pasted
            message.hint = f"{message.hint}{line}See {address}"
    return messages


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Report keys and values in `PYFORGE_WEB` that would raise in the first request."""
    try:
        get_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct the key or the value.", id="pyforge_web.E001")]
    return []


def check_rest_framework(**kwargs: Any) -> list[CheckMessage]:
    """Report `REST_FRAMEWORK = True` without DRF, and methods of DRF that somebody else has replaced."""
    try:
        if not get_settings()["REST_FRAMEWORK"]:
            return []
    except ImproperlyConfigured:
        return []  # E001 says so
    try:
        from pyforge_web.rest_framework.project import replaced_by_others
    except ImportError as error:
        return [
            Error(
                f"PYFORGE_WEB['REST_FRAMEWORK'] is True, and Django REST framework cannot be imported: {error}",
                hint="Install djangorestframework, or remove the line.",
                id="pyforge_web.E040",
            )
        ]
    return [
        CheckWarning(
            f"{name} was replaced by another package before PyForge Web was ready, and stays as it is.",
            hint="Put 'pyforge_web' before that package in INSTALLED_APPS, or use CompiledSerializerMixin.",
            id="pyforge_web.W041",
        )
        for name in replaced_by_others()
    ]


def check_secret_columns(**kwargs: Any) -> list[CheckMessage]:
    """List the columns that are not written unless they are named, so that no endpoint fails by surprise.

    A user's password, sessions and the names in `SENSITIVE_FIELDS` alone give no message: nobody has to decide on them.
    """
    try:
        settings_read = get_settings()
    except ImproperlyConfigured:
        return []  # E001 says so
    messages: list[CheckMessage] = [
        CheckWarning(
            f"PYFORGE_WEB['PUBLIC_FIELDS'] has {path!r}, which is not a column of an installed model.",
            hint="Correct the name, as 'app.Model.field', or remove it.",
            id="pyforge_web.W031",
        )
        for path in find_unknown_public_fields()
    ]
    fields = list(find_secret_fields())
    decided = {"password", "session_key", "session_data", *settings_read["SENSITIVE_FIELDS"]}
    # One list for all of them: a project with hundreds of models must not get hundreds of messages.
    if any(field.name not in decided and field.attname not in decided for field in fields):
        paths = [f"{field.model._meta.label}.{field.name}" for field in fields]
        listed = "".join(f'\n    "{path}",' for path in paths)
        messages.append(
            Info(
                f"{len(paths)} columns may hold secrets; they are not written unless fields= names them: "
                f"{', '.join(paths)}.",
                hint=(
                    "Keep the lines of those that everybody may see, and put the other names into SENSITIVE_FIELDS:\n"
                    f'  PYFORGE_WEB["PUBLIC_FIELDS"] = [{listed}\n  ]'
                ),
                id="pyforge_web.I030",
            )
        )
    return messages


def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """Report `PyForgeMiddleware` inside of middleware that would drop or repeat its header."""
    classes = [_base_paths(path) for path in settings.MIDDLEWARE]
    ours = next((index for index, names in enumerate(classes) if _OUR_MIDDLEWARE in names), None)
    if ours is None:
        return []
    outer = set().union(*classes[:ours])
    messages: list[CheckMessage] = []
    # The toolbar sets the header anew with the metrics of its own panels.
    if _TOOLBAR_MIDDLEWARE in outer:
        problem = "PyForgeMiddleware stands inside of DebugToolbarMiddleware, which replaces its Server-Timing header."
        messages.append(_move_warning(problem, _TOOLBAR_MIDDLEWARE, "pyforge_web.W001"))
    if _CACHE_MIDDLEWARE in outer:
        problem = "PyForgeMiddleware stands inside of UpdateCacheMiddleware: cached responses repeat old figures."
        messages.append(_move_warning(problem, _CACHE_MIDDLEWARE, "pyforge_web.W002"))
    return messages


def check_toolbar_store(**kwargs: Any) -> list[CheckMessage]:
    """Report the one store of the debug toolbar that fails each request under ASGI."""
    options = getattr(settings, "DEBUG_TOOLBAR_CONFIG", {})
    if (
        "debug_toolbar" not in settings.INSTALLED_APPS
        or not getattr(settings, "ASGI_APPLICATION", None)
        or options.get("TOOLBAR_STORE_CLASS") != "debug_toolbar.store.DatabaseStore"
    ):
        return []
    return [
        CheckWarning(
            "The debug toolbar's DatabaseStore runs queries in the event loop: under ASGI each request fails.",
            hint=(
                "Set DEBUG_TOOLBAR_CONFIG['TOOLBAR_STORE_CLASS'] to 'debug_toolbar.store.CacheStore', or remove "
                "ASGI_APPLICATION if only WSGI serves this site."
            ),
            id="pyforge_web.W003",
        )
    ]


def check_core(**kwargs: Any) -> list[CheckMessage]:
    """Report a native core that was built for debugging."""
    if BUILD_PROFILE != "debug":
        return []
    return [
        CheckWarning(
            "The native core is a debug build. It is many times slower, and its times mean nothing.",
            hint="Install a release build: `pip install .` or, in a clone, `make install`.",
            id="pyforge_web.W004",
        )
    ]


def check_encoder(**kwargs: Any) -> list[CheckMessage]:
    """Report that somebody has changed Django's encoder: it writes all JSON then."""
    changed = find_changed_encoder()
    if changed is None:
        return []
    return [
        CheckWarning(
            f"Django's encoder writes all JSON, and no native code: {changed} was changed.",
            hint="Leave the class as it is, and name your own types in PYFORGE_WEB['TYPES'], or pass default=.",
            id="pyforge_web.W006",
        )
    ]


def check_databases(**kwargs: Any) -> list[CheckMessage]:
    """Report databases whose rows Django reads. No connection is opened."""
    messages: list[CheckMessage] = []
    for alias in connections:
        try:
            connection = connections[alias]
        except ImproperlyConfigured:
            continue  # Django says what is missing at the first query
        # "unknown" is the vendor of Django's dummy engine, of a project without a database.
        reason = None if connection.vendor == "unknown" else why_no_backend(connection, log=False)
        if reason is not None:
            messages.append(
                CheckWarning(
                    f"Django reads the rows of the database {alias!r}: {reason}.",
                    hint="Values are the same, and it takes several times as long.",
                    id="pyforge_web.W005",
                )
            )
    return messages


def _move_warning(problem: str, before: str, check: str) -> CheckMessage:
    return CheckWarning(problem, hint=f"In MIDDLEWARE, move '{_OUR_MIDDLEWARE}' before '{before}'.", id=check)


def _base_paths(path: str) -> set[str]:
    """Return the dotted paths of a middleware and of the classes that it extends."""
    try:
        middleware = import_string(path)
    except ImportError:
        return {path}  # Django reports it when it loads the middleware
    # A project may extend a middleware: its subclass stands where the other one would.
    return {path, *(f"{base.__module__}.{base.__qualname__}" for base in getattr(middleware, "__mro__", ()))}


def check_literal_tags(**kwargs: Any) -> list[CheckMessage]:
    """Report templates whose `<% pyforge_json value %>` no engine runs: it would be sent to the browser as text."""
    runs: dict[Path, bool] = {}
    # A folder may be read by two engines: then it is enough if one of them runs the tag.
    for engine in engines.all():
        for directory, does_run in _find_directories(engine):
            runs[directory] = runs.get(directory, False) or does_run
    return [
        _literal_tag_warning(*place)
        for place in _find_literal_tags(directory for directory, does in runs.items() if not does)
    ]


def _find_directories(engine: Any) -> Iterator[tuple[Path, bool]]:
    """Return the directories an engine reads, each with whether the literal tag runs there."""
    if isinstance(engine, DjangoTemplates):
        seen = set()
        for loader in _find_loaders(engine.engine.template_loaders):
            for name in loader.get_dirs() if hasattr(loader, "get_dirs") else ():
                if (directory := Path(name)) not in seen:  # the first loader that has it reads it
                    seen.add(directory)
                    yield directory, isinstance(loader, LiteralTag)
        return
    env = getattr(engine, "env", None)
    # An engine that is neither Django's nor Jinja2's may know the tag, so it is not reported.
    runs = env is None or (env.block_start_string == "<%" and _JINJA_EXTENSION in env.extensions)
    for name in getattr(engine, "template_dirs", ()):
        yield Path(name), runs


def _find_loaders(loaders: Iterable[Any]) -> Iterator[Any]:
    """Return the loaders that read files; the cached one only wraps them."""
    for loader in loaders:
        # Source: `django.template.loaders.cached.Loader`, which Django puts around the others by itself.
        if inner := getattr(loader, "loaders", None):
            yield from _find_loaders(inner)
        else:
            yield loader


def _find_literal_tags(directories: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    for path, source in _find_sources(directories):
        if line := find_literal(source):
            yield path, line


def check_template_contexts(**kwargs: Any) -> list[CheckMessage]:
    """Find templates that print JSON where a text in it could run as a script, or where it is not read as JSON."""
    directories = {directory for engine in engines.all() for directory, _ in _find_directories(engine)}
    return [
        CheckWarning(
            f"pyforge_json {use.context} is not safe, or not JSON for who reads it.",
            hint=(
                'Put the filter, or the tag with mode="attr", into an attribute in quotes. In a script use the tag, '
                'but not in a string. The best choice is an element of its own: {% pyforge_json value id="..." %}.'
            ),
            obj=f"{path}, line {use.line}",
            id="pyforge_web.W012",
        )
        for path, source in _find_sources(directories)
        for use in find_unsafe_uses(source)
    ]


def _find_sources(directories: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the templates that write JSON, with their sources."""
    for directory in sorted(directories):
        for path in sorted(directory.rglob("*")):
            try:
                source = path.read_bytes() if path.is_file() else b""
            except OSError:
                continue  # Django reports it when it loads the template
            # As bytes: most templates need not be decoded.
            if b"pyforge_json" in source:
                yield path, source.decode(errors="replace")


def _literal_tag_warning(path: Path, line: int) -> CheckMessage:
    return CheckWarning(
        "No template engine runs <% pyforge_json %> here; it would be sent to the browser.",
        hint=(
            "Write {% load pyforge %}{% pyforge_json ... %}; or use pyforge_web.loaders.FilesystemLoader and "
            "AppDirectoriesLoader, or Jinja2 with pyforge_web.jinja.PyForgeExtension and block_start_string='<%'. "
            "Wrap literal text in {% verbatim %}."
        ),
        obj=f"{path}, line {line}",
        id="pyforge_web.W010",
    )


# The checks by their tags.
PROJECT_CHECKS = (
    check_settings,
    check_rest_framework,
    check_middleware,
    check_toolbar_store,
    check_core,
    check_encoder,
    check_databases,
)
SECURITY_CHECKS = (check_secret_columns,)
TEMPLATE_CHECKS = (check_literal_tags, check_template_contexts)
