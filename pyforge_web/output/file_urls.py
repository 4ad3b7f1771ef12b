"""`FileUrl`: the URL of a file, written natively where the storage puts one text before every name."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, cast

from django.core.files.storage import FileSystemStorage
from django.db.models import Field, FileField
from django.db.models.fields.files import FieldFile
from django.utils.functional import LazyObject

from pyforge_web._native import FileUrlText
from pyforge_web.conf import with_docs
from pyforge_web.fields import kind_of
from pyforge_web.output.absolute_urls import make_absolute
from pyforge_web.output.fields import Make, NativeOutput, OutputField, Source
from pyforge_web.output.lazy_values import unwrap_lazy
from pyforge_web.output.lean_instances import make_instance
from pyforge_web.output.model_names import FILE_NAMING
from pyforge_web.stock import find_stock

_STOCK_FILE = {name: find_stock(FieldFile, name) for name in ("__bool__", "__init__", "_require_file", "url")}
_STORAGE_URL, _STORAGE_BASE = find_stock(FileSystemStorage, "url"), find_stock(FileSystemStorage, "base_url")
# What of a class of files decides its URL.
FILE_METHODS = frozenset((*FILE_NAMING, "__bool__", "__getattr__", "_require_file", "name", "storage", "url"))


class FileUrl(OutputField):
    """The URL of a file as its storage gives it, null for none, absolute with a request: `FileUrl("cover")`."""

    def __init__(self, name: str) -> None:
        self.names = (name,)

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Make:
        source = sources[0]
        field, model = self._find_field(source), source.model

        def url(values: tuple[Any, ...]) -> Any:
            name = values[0]
            if not name:
                return None
            if not is_own_file(field):
                address = field.storage.url(name)
            else:
                file = name if isinstance(name, FieldFile) else make_file(name, values[1:])
                if not file:
                    return None
                address = file.url
            return address if request is None else request.build_absolute_uri(address)

        def make_file(name: str, keys: Sequence[Any]) -> FieldFile:
            """Return a file of a class of its own, which may ask its instance."""
            stored = {field.attname: name}
            stored |= {cast(Any, each.field).attname: key for each, key in zip(sources[1:], keys, strict=True)}
            instance = make_instance(model, stored, using, repr(self), is_loaded=source.is_loaded)
            made: FieldFile = field.attr_class(instance, field, name)
            return made

        return url

    def bind_native(self, sources: Sequence[Source], request: Any, columns: Sequence[int]) -> NativeOutput | None:
        """Return the base URL of a storage that puts it before each name, as `FileSystemStorage` does."""
        source = sources[0]
        field = self._find_field(source)
        base = _find_base_url(field) if kind_of(field) == "file" else None
        base = None if base is None else make_absolute(base, request)
        if base is None:
            return None
        url = self.bind(sources, request, "")
        return FileUrlText(base, lambda name: url((name,)))

    def is_stored(self, number: int, source: Source) -> bool:
        """Return whether a class of files may ask the instance: for a name of its own, or this key."""
        return number > 0 or is_own_file(source.field)

    def _find_field(self, source: Source) -> FileField:
        if not isinstance(source.field, FileField):
            raise with_docs(ValueError(f"FileUrl({source.name!r}): {source.name} is not a file field"), "expression")
        return source.field


def is_own_file(field: "Field[Any, Any] | None") -> bool:
    """Return whether the files of a field are of a class that gives its own URL or storage: it may ask the instance."""
    if not isinstance(field, FileField):
        return False
    kind = field.attr_class
    is_patched = any(getattr(kind, name) is not stock for name, stock in _STOCK_FILE.items())
    classes = takewhile(lambda each: each is not FieldFile, kind.__mro__)
    return is_patched or any(not FILE_METHODS.isdisjoint(vars(each)) for each in classes)


def _find_base_url(field: FileField) -> str | None:
    """Return the text before the names of a field's files; None where its storage may make anything of a name.

    Source: `FileSystemStorage.url`, which joins `base_url` and the quoted name by `urljoin`.
    """
    storage: Any = field.storage
    if isinstance(storage, LazyObject):
        storage = unwrap_lazy(storage)
    kind = type(storage)
    is_stock = (
        not is_own_file(field)
        and getattr(kind, "url", None) is _STORAGE_URL
        and getattr(kind, "base_url", None) is _STORAGE_BASE
        and "url" not in vars(storage)
    )
    if not is_stock or not storage.base_url:
        return None
    # `urljoin` gives another text where the base has dots, a query, or no path.
    return storage.base_url if storage.url("name") == f"{storage.base_url}name" else None
