"""`pyforge_dump`: what it writes where, its progress, and what it refuses."""

import bz2
import gzip
import io
import json
import lzma
import os
import threading

import pytest
from django.core.management import CommandError, call_command

import pyforge_web
from tests.app.models import Member
from tests.oracle import assert_same
from tests.querysets import fields
from tests.querysets.models import Customs, Event, Scalars, Town
from tests.streams.models import Label, Place
from tests.streams.reading import lines, read

pytestmark = pytest.mark.django_db(databases="__all__")


def dump(label, **options):
    """What the command prints."""
    out = io.StringIO()
    call_command("pyforge_dump", label, stdout=out, **options)
    return out.getvalue()


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestFormats:
    def test_ndjson_is_the_stream(self, database):
        rows = Scalars.objects.using(database).order_by("pk")
        assert_same(dump("querysets.Scalars", database=database).encode(), read(rows))
        assert_same(dump("querysets.Scalars", database=database, format="ndjson").encode(), read(rows))

    def test_array_is_the_response(self, database):
        rows = Scalars.objects.using(database).order_by("pk")
        assert_same(dump("querysets.scalars", database=database, format="array").encode(), pyforge_web.dumps(rows))

    def test_fields(self, database):
        rows = Event.objects.using(database).order_by("pk")
        ours = dump("querysets.Event", database=database, format="array", fields="id, kind,at")
        assert_same(ours.encode(), pyforge_web.dumps(rows, fields=["id", "kind", "at"]))

    def test_no_rows(self, sqlite):
        Event.objects.all().delete()
        out = io.StringIO()
        call_command("dumpdata", "querysets.Event", stdout=out)
        assert [dump("querysets.Event", format=form) for form in ("ndjson", "array", "django")] == [
            "",
            "[]",
            out.getvalue(),
        ]

    def test_the_order_is_that_of_the_keys(self, sqlite):
        """That of dumpdata, whatever the model says."""
        Place._base_manager.all().delete()
        Place.objects.bulk_create([Place(name="b"), Place(name="a"), Place(name="c")])
        assert lines(dump("streams.Place", fields="name").encode())[:2] == [{"name": "a"}, {"name": "b"}]

    def test_all_rows(self, sqlite):
        Place._base_manager.all().delete()
        Place._base_manager.bulk_create([Place(name="hidden"), Place(name="seen")])
        assert dump("streams.Place") == '{"name":"seen"}\n'
        assert dump("streams.Place", all=True) == '{"name":"hidden"}\n{"name":"seen"}\n'

    def test_a_fixture_can_be_loaded(self, sqlite, tmp_path):
        path = tmp_path / "towns.json"
        call_command("pyforge_dump", "querysets.Town", format="django", output=str(path))
        expected = list(Town.objects.order_by("pk").values())
        Town.objects.all().delete()
        call_command("loaddata", str(path), verbosity=0)
        assert list(Town.objects.order_by("pk").values()) == expected != []


class TestFiles:
    @pytest.mark.parametrize("form", ["ndjson", "array", "django"])
    def test_a_file(self, form, database, tmp_path):
        path = tmp_path / "rows.json"
        path.write_text("what was there before")
        assert dump("querysets.Scalars", database=database, format=form, output=str(path)) == ""
        assert_same(path.read_text(), dump("querysets.Scalars", database=database, format=form))
        assert [each.name for each in tmp_path.iterdir()] == ["rows.json"]

    @pytest.mark.parametrize(
        ("ending", "read"), [("gz", gzip.open), ("bz2", bz2.open), ("xz", lzma.open), ("lzma", lzma.open)]
    )
    def test_compressed_as_dumpdata_does(self, ending, read, sqlite, tmp_path):
        ours, theirs = tmp_path / f"ours.json.{ending}", tmp_path / f"theirs.json.{ending}"
        call_command("pyforge_dump", "querysets.Scalars", format="django", output=str(ours))
        call_command("dumpdata", "querysets.Scalars", output=str(theirs))
        assert ours.read_bytes()[:3] == theirs.read_bytes()[:3]
        with read(ours) as mine, read(theirs) as other:
            assert_same(mine.read(), other.read())

    def test_a_zip_is_refused(self, sqlite, tmp_path):
        with pytest.raises(CommandError, match=r"\.gz, \.bz2"):
            dump("querysets.Event", output=str(tmp_path / "rows.zip"))

    def test_a_file_that_is_complete_or_not_there(self, sqlite, tmp_path):
        path = tmp_path / "rows.json"
        path.write_text("kept")
        Customs.objects.create(unchanged="x", angry="boom")
        with pytest.raises(CommandError, match=r"Unable to write row \d+: BoomError: boom"):
            dump("querysets.Customs", output=str(path), fields="angry")
        fields.Angry.boom.__notes__.clear()
        assert path.read_text() == "kept"
        assert [each.name for each in tmp_path.iterdir()] == ["rows.json"]

    def test_a_link_stays_one(self, sqlite, tmp_path):
        path, link = tmp_path / "rows.json", tmp_path / "link"
        path.write_text("old")
        link.symlink_to(path)
        dump("querysets.Event", output=str(link))
        assert link.is_symlink()
        assert_same(path.read_text(), dump("querysets.Event"))

    def test_a_pipe(self, sqlite, tmp_path):
        path = tmp_path / "pipe"
        os.mkfifo(path)
        found = []
        reader = threading.Thread(target=lambda: found.append(path.read_text()))
        reader.start()
        dump("querysets.Event", output=str(path))
        reader.join(10)
        assert_same(found[0], dump("querysets.Event"))

    def test_a_folder_that_is_missing(self, sqlite, tmp_path):
        with pytest.raises((CommandError, FileNotFoundError), match="No such file"):
            dump("querysets.Event", output=str(tmp_path / "nowhere" / "rows.json"))


class TestProgress:
    @pytest.mark.parametrize("form", ["ndjson", "django"])
    def test_as_dumpdata_shows_it(self, form, sqlite, tmp_path):
        Label.objects.bulk_create(Label(name=f"{n}") for n in range(1_200))
        theirs, ours = Terminal(), Terminal()
        call_command("dumpdata", "streams.Label", output=str(tmp_path / "theirs"), stdout=theirs)
        call_command("pyforge_dump", "streams.Label", format=form, output=str(tmp_path / "ours"), stdout=ours)
        last = theirs.getvalue().rsplit("\r", 1)[1]
        assert ours.getvalue().endswith(f"\r{last}")
        assert last == f"[{'.' * 75}]\n"
        assert ours.getvalue().count("\r") >= 3

    @pytest.mark.parametrize("options", [{"verbosity": 0}, {"stdout": io.StringIO()}])
    def test_nowhere_else(self, options, sqlite, tmp_path):
        out = options.setdefault("stdout", Terminal())
        call_command("pyforge_dump", "querysets.Event", output=str(tmp_path / "rows"), **options)
        assert out.getvalue() == ""

    def test_not_among_the_rows(self, sqlite):
        out = Terminal()
        call_command("pyforge_dump", "querysets.Event", stdout=out)
        assert len(lines(out.getvalue().encode())) == Event.objects.count()

    def test_of_no_rows(self, sqlite, tmp_path):
        Event.objects.all().delete()
        out = Terminal()
        call_command("pyforge_dump", "querysets.Event", output=str(tmp_path / "rows"), stdout=out)
        assert out.getvalue() == ""


class TestRefusals:
    @pytest.mark.parametrize("label", ["querysets.Nothing", "nothing.Event", "Event", "a.b.c"])
    def test_no_such_model(self, label, sqlite):
        with pytest.raises(CommandError, match=r"write app_label\.Model"):
            dump(label)

    def test_a_model_without_its_application(self, sqlite):
        with pytest.raises(CommandError, match=r"did you mean .*querysets\.Event"):
            dump("event")

    def test_a_wrong_field(self, sqlite):
        with pytest.raises(CommandError, match="Choices are: at, "):
            dump("querysets.Event", fields="id,nonsense")

    def test_secrets(self, db):
        with pytest.raises(CommandError, match=r"--fields id,.*email"):
            dump("tests_app.Member")
        Member.objects.create(email="a@example.com", password="hash")
        assert dump("tests_app.Member", fields="email") == '{"email":"a@example.com"}\n'
        # A fixture is a backup: it has what dumpdata has.
        assert json.loads(dump("tests_app.Member", format="django"))[0]["fields"]["password"] == "hash"

    @pytest.mark.parametrize("options", [{"indent": 2}, {"natural_foreign": True}, {"natural_primary": True}])
    def test_options_of_another_format(self, options, sqlite):
        with pytest.raises(CommandError, match="is for --format django"):
            dump("querysets.Event", **options)

    def test_fields_of_a_fixture(self, sqlite):
        with pytest.raises(CommandError, match="a fixture has all fields"):
            dump("querysets.Event", format="django", fields="id")

    def test_a_table_that_is_missing(self, sqlite):
        with pytest.raises(CommandError, match="Unable to write row 0: OperationalError: no such table"):
            dump("querysets.Stored")
