"""The files that the commands write: one whole file, as protected as the one before it, whatever happens meanwhile."""

import bz2
import gzip
import io
import lzma
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from pyforge_web.management.commands import pyforge_dump
from pyforge_web.management.output_files import open_output, replace_file
from tests.streams.models import Label

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def labels(db):
    Label.objects.bulk_create(Label(name=f"label {number}") for number in range(5))


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def dump(path, label="streams.Label", **options):
    call_command("pyforge_dump", label, output=str(path), verbosity=0, **options)


def django_dump(path):
    """A dump that Django's own command writes: it is asked for by the setting."""
    with override_settings(PYFORGE_WEB={"NATIVE": False}):
        dump(path, "auth.Permission", format="django", natural_foreign=True)


@pytest.mark.parametrize("write", [dump, django_dump])
class TestProtection:
    @pytest.mark.parametrize("before", [0o600, 0o640, 0o400, 0o644])
    def test_the_mode_stays(self, write, before, tmp_path):
        path = tmp_path / "rows.json"
        path.write_text("old")
        path.chmod(before)
        write(path)
        assert mode(path) == before
        assert path.read_text() != "old"
        assert names(tmp_path) == ["rows.json"]

    def test_a_new_file_has_the_mode_of_the_umask(self, write, tmp_path):
        write(tmp_path / "rows.json")
        (tmp_path / "other").write_text("")
        assert mode(tmp_path / "rows.json") == mode(tmp_path / "other")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_owner_and_group_stay(self, write, tmp_path):
        path = tmp_path / "rows.json"
        path.write_text("old")
        os.chown(path, 1234, 4321)
        write(path)
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)

    def test_a_pipe_stays_a_pipe(self, write, tmp_path):
        path, received = tmp_path / "pipe", []
        os.mkfifo(path)
        reader = threading.Thread(target=lambda: received.append(path.read_text()))
        reader.start()
        write(path)
        reader.join(10)
        assert received[0]
        assert stat.S_ISFIFO(path.stat().st_mode)


def test_group_permissions_go_where_the_group_cannot_be_kept(tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError

    path = tmp_path / "rows.json"
    path.write_text("old")
    path.chmod(0o664)
    monkeypatch.setattr(os, "fchown", refuse)
    dump(path)
    assert mode(path) == 0o604


def test_while_it_is_written_nobody_else_can_read_what_replaces_a_protected_file(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text("old")
    path.chmod(0o600)
    with replace_file(path) as temporary:
        assert mode(temporary.path) == 0o600
        assert path.read_text() == "old"


def test_other_files_are_left_alone(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "rows.json.part").symlink_to(victim)
    (tmp_path / "rows.json.tmp").write_text("mine too")
    dump(tmp_path / "rows.json")
    assert victim.read_text() == "mine"
    assert names(tmp_path) == ["rows.json", "rows.json.part", "rows.json.tmp", "victim"]


def test_a_name_that_is_taken_is_not_used(tmp_path, monkeypatch):
    taken, free = tmp_path / ".pyforge-a.json", tmp_path / ".pyforge-b.json"
    victim = tmp_path / "victim"
    victim.write_text("mine")
    taken.symlink_to(victim)
    tokens = iter("ab")
    monkeypatch.setattr("secrets.token_hex", lambda size: next(tokens))
    with replace_file(tmp_path / "rows.json") as temporary:
        assert temporary.path == free
    assert victim.read_text() == "mine"


def test_two_runs_leave_one_whole_file(tmp_path):
    path = tmp_path / "rows.json"
    with open_output(path) as first:
        first.write(b"first " * 10_000)
        with open_output(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
        first.write(b"end")
    assert path.read_bytes() == b"first " * 10_000 + b"end"
    assert names(tmp_path) == ["rows.json"]


def test_a_link_to_another_folder_is_followed(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    link = tmp_path / "here" / "link.json"
    link.symlink_to(tmp_path / "there" / "rows.json")
    dump(link)
    assert link.is_symlink()
    assert names(tmp_path / "there") == ["rows.json"]


def test_a_long_name(tmp_path):
    path = tmp_path / ("n" * 250 + ".json")
    dump(path)
    assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ["gz", "json"])
class TestErrors:
    def fails(self, path, match):
        with pytest.raises(CommandError, match=match):
            dump(path)

    def test_a_folder_that_is_missing(self, ending, tmp_path):
        self.fails(tmp_path / "nowhere" / f"rows.{ending}", r"nowhere.*No such file")

    def test_a_folder(self, ending, tmp_path):
        (tmp_path / f"rows.{ending}").mkdir()
        self.fails(tmp_path / f"rows.{ending}", "Is a directory")

    def test_a_loop_of_links(self, ending, tmp_path):
        path = tmp_path / f"rows.{ending}"
        path.symlink_to(path)
        self.fails(path, r"(?i)symlink loop|symbolic links")

    def test_a_name_that_no_file_can_have(self, ending, tmp_path):
        self.fails(tmp_path / f"{'n' * 300}.{ending}", "File name too long")

    def test_a_folder_that_may_not_be_read(self, ending, tmp_path, monkeypatch):
        def refuse(path, **options):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "stat", refuse)
        self.fails(tmp_path / f"rows.{ending}", "Permission denied")

    def test_a_full_disk(self, ending, tmp_path):
        link = tmp_path / f"rows.{ending}"
        link.symlink_to("/dev/full")
        self.fails(link, "No space left")

    def test_a_limit_of_size(self, ending, tmp_path):
        path = tmp_path / f"rows.{ending}"
        path.write_text("old")
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
        try:
            self.fails(path, "File too large")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
        assert path.read_text() == "old"
        assert names(tmp_path) == [path.name]

    def test_the_cursor_is_closed(self, ending, tmp_path, recwarn):
        Label.objects.bulk_create(Label(name="x" * 20) for _ in range(5_000))
        link = tmp_path / f"rows.{ending}"
        link.symlink_to("/dev/full")
        self.fails(link, "No space left")
        assert not [warning for warning in recwarn if "Cannot operate" in str(warning.message)]


def test_an_error_of_fsync_is_said(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(5, "Input/output error")

    path = tmp_path / "rows.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CommandError, match="Input/output error"):
        dump(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["rows.json"]


@pytest.mark.parametrize("call", ["flush", "write"])
def test_errors_of_standard_output(call, monkeypatch):
    class Broken(io.StringIO):
        def fail(self, *args):
            raise BrokenPipeError(32, "Broken pipe")

    def write_chunks(*args):
        opened.append(streams.write_chunks(*args))
        return opened[0]

    opened, streams = [], pyforge_dump.streams
    setattr(Broken, call, Broken.fail)
    monkeypatch.setattr(
        pyforge_dump, "streams", types.SimpleNamespace(**vars(streams) | {"write_chunks": write_chunks})
    )
    with pytest.raises(CommandError, match="Unable to write to standard output: Broken pipe"):
        call_command("pyforge_dump", "streams.Label", stdout=Broken())
    assert opened[0].gi_frame is None  # its cursor is closed


def test_the_old_file_may_be_removed_meanwhile(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text("old")
    path.chmod(0o600)
    with open_output(path) as file:
        file.write(b"new")
        path.unlink()
    assert path.read_text() == "new"
    assert mode(path) == 0o600


def test_a_file_system_without_access_lists(tmp_path, monkeypatch):
    def refuse(path):
        raise OSError(95, "Operation not supported")

    path = tmp_path / "rows.json"
    path.write_text("old")
    monkeypatch.setattr(os, "listxattr", refuse)
    dump(path)
    assert path.read_text() != "old"


def test_attributes_of_the_old_file_stay(tmp_path, monkeypatch):
    """Access lists are among them; one that may not be set loses no file."""
    path, set_ = tmp_path / "rows.json", {}
    path.write_text("old")
    monkeypatch.setattr(os, "listxattr", lambda path: ["user.one", "security.two"])
    monkeypatch.setattr(os, "getxattr", lambda path, name: f"{name} of {Path(path).name}".encode())

    def write(descriptor, name, value):
        if name == "security.two":
            raise OSError(1, "Operation not permitted")
        set_[name] = value

    monkeypatch.setattr(os, "setxattr", write)
    dump(path)
    assert set_ == {"user.one": b"user.one of rows.json"}
    assert path.read_text() != "old"


def test_an_error_that_is_not_of_the_file_comes_out(tmp_path):
    with pytest.raises(RuntimeError, match="of the rows"), open_output(tmp_path / "rows.json"):
        raise RuntimeError("of the rows")
    assert names(tmp_path) == []


def test_another_name_of_the_old_file_keeps_it(tmp_path):
    path, other = tmp_path / "rows.json", tmp_path / "other"
    path.write_text("old")
    other.hardlink_to(path)
    dump(path)
    assert path.read_text() != "old"
    assert other.read_text() == "old"


@pytest.mark.parametrize(
    ("ending", "read"),
    [
        ("gz", gzip.decompress),
        ("bz2", bz2.decompress),
        ("lzma", lzma.decompress),
        ("xz", lzma.decompress),
        ("zst", bytes),
        ("GZ", bytes),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_compressed_as_by_dumpdata(ending, read, indent, tmp_path):
    ours, django = tmp_path / f"ours.json.{ending}", tmp_path / f"django.json.{ending}"
    dump(ours, format="django", indent=indent)
    call_command("dumpdata", "streams.Label", output=str(django), verbosity=0, indent=indent)
    assert read(ours.read_bytes()) == read(django.read_bytes())
    assert mode(ours) == mode(django)


WRITER = """
import signal, sys, time
from pathlib import Path
from pyforge_web.management.output_files import open_output

# They are ignored where the tests run in the background of a shell, or under nohup.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
with open_output(Path(sys.argv[1])) as file:
    file.write(b"new")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("ending", ["json", "xz"])
def test_a_signal_leaves_the_old_file_and_no_other(number, ending, tmp_path):
    path = tmp_path / f"rows.{ending}"
    path.write_text("old")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout.readline() == b"ready\n"
        assert len(names(tmp_path)) == 2
        process.send_signal(number)
        process.wait(20)
    assert process.returncode == -number
    assert path.read_text() == "old"
    assert names(tmp_path) == [path.name]


def test_handlers_of_the_project_stay(tmp_path):
    def own(number, frame):
        raise AssertionError

    before, of_hangups = signal.signal(signal.SIGTERM, own), signal.getsignal(signal.SIGHUP)
    try:
        with open_output(tmp_path / "rows.json"):
            assert signal.getsignal(signal.SIGTERM) is own
        assert signal.getsignal(signal.SIGTERM) is own
        assert signal.getsignal(signal.SIGHUP) is of_hangups
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_write_too(tmp_path):
    def write(number):
        with open_output(tmp_path / "rows.json") as file:
            file.write(str(number).encode() * 1_000)
            time.sleep(0.01)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    text = (tmp_path / "rows.json").read_text()
    assert text == text[0] * 1_000
    assert names(tmp_path) == ["rows.json"]


WITHOUT_POSIX = """
import os, signal, sys
from pathlib import Path

for module, names in ((os, ("fchown", "fchmod", "listxattr", "O_CLOEXEC", "O_NOFOLLOW")), (signal, ("SIGHUP",))):
    for name in names:
        delattr(module, name)
closed = []
replace = Path.replace
def replace_closed(self, target):
    closed.extend(fd for fd in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{fd}") == str(self))
    return replace(self, target)
Path.replace = replace_closed

from pyforge_web.management.output_files import open_output

for text in (b"first", b"second"):
    with open_output(Path(sys.argv[1])) as file:
        file.write(text)
assert Path(sys.argv[1]).read_bytes() == b"second"
assert not closed, "an open file was renamed"
assert os.listdir(os.path.dirname(sys.argv[1])) == ["rows.json"]
"""


def test_a_system_that_is_not_posix(tmp_path):
    """What Windows lacks is not used, and no open file is renamed there."""
    command = [sys.executable, "-c", WITHOUT_POSIX, str(tmp_path / "rows.json")]
    root = Path(__file__).parents[2]
    child = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert child.returncode == 0, child.stderr
