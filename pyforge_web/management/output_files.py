"""Files of the management commands: a file gets its name when it is complete, and protects what it protected before."""

import bz2
import gzip
import lzma
import os
import secrets
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO, Any, NamedTuple

from django.core.management.base import CommandError

# As dumpdata, by the ending of the name.
_COMPRESSIONS: dict[str, Callable[..., Any]] = {
    ".bz2": bz2.open,
    ".gz": gzip.open,
    ".lzma": partial(lzma.open, format=lzma.FORMAT_ALONE),
    ".xz": lzma.open,
}
# Each ends a process at once, and would leave the temporary file. Windows has no SIGHUP.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
# Windows has O_BINARY, and neither of the last two.
_FLAGS = ("O_CREAT", "O_EXCL", "O_RDWR", "O_BINARY", "O_CLOEXEC", "O_NOFOLLOW")


class TemporaryFile(NamedTuple):
    """A new file beside its target."""

    path: Path
    descriptor: int


class TerminationSignal(BaseException):
    """A signal that asks the process to end; the signal is raised again when the temporary file is gone."""


@contextmanager
def open_output(path: Path) -> Iterator[IO[bytes]]:
    """Yield a binary file that becomes `path` at the end of the block, compressed by the ending of its name.

    A device or a pipe is written as it is. Raises `CommandError` for errors of the file system.
    """
    if is_special(path):
        with report_errors(path), path.open("wb") as special, _compress_file(special, path) as file:
            yield file
        return
    with (
        replace_file(path) as temporary,
        os.fdopen(os.dup(temporary.descriptor), "wb") as plain,
        _compress_file(plain, path) as file,
    ):
        yield file


@contextmanager
def replace_file(path: Path) -> Iterator[TemporaryFile]:
    """Yield a new file that takes the place of `path` at the end of the block, with the mode and owner of the old one.

    If the block raises, or a signal ends the process, the new file is removed and the old one is left as it was. Two
    blocks for one path have a file each: the last one to end leaves its own. Raises `CommandError` for errors of the
    file system.
    """
    with report_errors(path), _raising_signals():
        target = path.resolve()  # a link stays a link
        old = _find_status(target)
        temporary = _create_file(target, old)
        try:
            try:
                yield temporary
                if (current := _find_status(target) or old) is not None:
                    _copy_protection(current, target, temporary)
                os.fsync(temporary.descriptor)
            finally:
                os.close(temporary.descriptor)  # Windows renames and removes no open file
            temporary.path.replace(target)
        except BaseException:
            temporary.path.unlink(missing_ok=True)
            raise
        _sync_directory(target.parent)


@contextmanager
def _compress_file(file: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    if path.suffix not in _COMPRESSIONS:
        yield file
        return
    with _COMPRESSIONS[path.suffix](file, "wb") as compressed:
        yield compressed


def is_special(path: Path) -> bool:
    """Return whether a path is a device, a pipe or a folder, which no other file can replace.

    Raises `CommandError` for a path that cannot be asked for, such as one in a closed folder.
    """
    with report_errors(path):
        return path.exists() and not path.is_file()


def _find_status(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None


def _create_file(target: Path, old: os.stat_result | None) -> TemporaryFile:
    """Return a new file in the folder of the target.

    `tempfile.mkstemp` would give it the mode 0600: a new dump has the mode that the umask gives, as dumpdata's.
    The rows may be secret, so the file that replaces another one is never open to more people than that one.
    """
    flags = sum(getattr(os, name, 0) for name in _FLAGS)
    while True:
        # The ending stays, as dumpdata compresses by it; the rest is short, as a name has at most 255 bytes.
        path = target.with_name(f".pyforge-{secrets.token_hex(8)}{target.suffix[:20]}")
        with suppress(FileExistsError):
            return TemporaryFile(path, os.open(path, flags, 0o666 if old is None else 0o600))


def _copy_protection(old: os.stat_result, target: Path, temporary: TemporaryFile) -> None:
    """Give the new file the owner, group, mode and access lists of the old one.

    Only root may give a file away. Where the group cannot be kept, its permissions are not given to another group.
    On Windows a file has the access list of its folder.
    """
    if not hasattr(os, "fchown"):
        return
    mode = stat.S_IMODE(old.st_mode)
    try:
        try:
            os.fchown(temporary.descriptor, old.st_uid, old.st_gid)
        except PermissionError:
            os.fchown(temporary.descriptor, -1, old.st_gid)
    except PermissionError:
        os.fchmod(temporary.descriptor, mode & ~stat.S_IRWXG)
        return
    os.fchmod(temporary.descriptor, mode)
    if hasattr(os, "listxattr"):  # Linux
        names: list[str] = []
        # No error of these loses a complete file: the file system has no access lists, root alone may set an
        # attribute, or the old file was removed meanwhile.
        with suppress(OSError):
            names = os.listxattr(target)
        for name in names:
            with suppress(OSError):
                os.setxattr(temporary.descriptor, name, os.getxattr(target, name))


def _sync_directory(directory: Path) -> None:
    """Make the new name last through a power failure, where the file system can."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def report_errors(path: Path | str) -> Iterator[None]:
    """Raise `CommandError` for the errors of the file system in the block."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before Python 3.13
        if isinstance(error, RuntimeError) and "Symlink loop" not in str(error):
            raise
        raise CommandError(f"Unable to write {path}: {getattr(error, 'strerror', None) or error}") from error


@contextmanager
def _raising_signals() -> Iterator[None]:
    """Turn the signals that would end the process at once into an exception for the length of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    received: list[int] = []

    def raise_signal_error(number: int, frame: FrameType | None) -> None:
        if not received:
            received.append(number)
            raise TerminationSignal

    replaced = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in replaced:
            signal.signal(number, raise_signal_error)
        yield
    finally:
        for number in replaced:
            signal.signal(number, signal.SIG_DFL)
        if received:
            signal.raise_signal(received[0])
