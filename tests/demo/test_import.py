"""The import: Django's verdict of every row, in six languages, by page, endpoint and command."""

import io
import json
import re

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from demo_site.airports import imports, reports, samples, source
from demo_site.airports.forms import FILE_MAX, ROWS_MAX
from demo_site.airports.models import Airport, Country
from demo_site.settings import LANGUAGES
from pyforge_web import as_problem

CODES = [code for code, _ in LANGUAGES]


@pytest.fixture
def data(db):
    """Two countries and the airport that the sample meets."""
    for code in ("IS", "JP"):
        Country.objects.create(code=code, name=code)
    imports.create(imports.check([{**samples.ROWS[0], "icao": "BIKF", "iata": "KEF", "name": "Keflavik"}]).airports)


def djangos_errors(rows):
    """What `full_clean` says of each row, one after the other; rows of the batch are not seen."""
    errors = {}
    for number, row in enumerate(rows):
        values = {("country_id" if name == "country" else name): value for name, value in row.items()}
        known = {name: value for name, value in values.items() if name in {*imports.FIELDS, "country_id"}}
        try:
            Airport(**known, released_on=timezone.now().date(), loaded_at=timezone.now()).full_clean(imports.DERIVED)
        except ValidationError as error:
            errors[number] = {name: [(e.code, e.messages) for e in leaves] for name, leaves in error.error_dict.items()}
    return errors


def ours(checked):
    return {
        row: {name: [(e.code, e.messages) for e in leaves] for name, leaves in error.error_dict.items()}
        for row, error in checked.errors.items()
    }


@pytest.mark.parametrize("language", CODES)
def test_every_error_is_djangos(data, language):
    rows = [row for row in json.loads(samples.as_json()) if row["name"] != "The same code again"]
    with translation.override(language):
        found = ours(imports.check(rows))
        unexpected = found[max(found)].pop("runway")
        assert unexpected[0][0] == "unknown_field"
        assert found == djangos_errors(rows)


def test_what_the_sample_is_for(data):
    checked = imports.check(json.loads(samples.as_json()))
    codes = {
        row + 1: {name: [leaf.code for leaf in leaves] for name, leaves in error.error_dict.items()}
        for row, error in checked.errors.items()
    }
    assert codes == {
        3: {"icao": ["invalid"], "iata": ["invalid", "max_length"], "name": ["blank"], "country": ["invalid"]},
        4: {"latitude": ["max_value"], "elevation_ft": ["invalid"]},
        5: {"icao": ["unique"]},
        6: {"icao": ["unique"], "__all__": [None]},
        8: {"name": ["max_length"], "time_zone": ["blank"], "runway": ["unknown_field"]},
    }
    assert list(checked.airports) == [0, 1, 6]
    assert checked.total == len(samples.ROWS)


def test_csv_and_json_are_read_alike(data):
    for delimiter in (",", ";", "\t"):
        text = samples.as_csv().replace(",", delimiter)
        rows = imports.read(f"\ufeff{text}")
        expected = [{name: str(value) for name, value in row.items() if value != ""} for row in samples.ROWS]
        assert rows == expected
    valid = imports.check(imports.read(samples.as_csv())).airports
    assert list(valid) == list(imports.check(imports.read(samples.as_json())).airports)
    assert imports.read(json.dumps(samples.valid())) == samples.valid()


def test_what_is_imported_is_what_was_sent(data):
    checked = imports.check(samples.valid())
    assert not checked.errors
    created = imports.create(checked.airports)
    for airport, row in zip(created, samples.valid(), strict=True):
        stored = Airport.objects.values(*imports.FIELDS, *imports.DERIVED).get(icao=airport.icao)
        derived = source.derived(row["icao"], row["longitude"])
        assert stored == {
            **dict.fromkeys(imports.FIELDS, ""),
            **row,
            "elevation_ft": int(row["elevation_ft"]),
            **derived,
        }
    assert all("icao" in error.error_dict for error in imports.check(samples.valid()).errors.values())


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([7], ["__all__"]),
        ([{}], ["icao", "name", "country", "latitude", "longitude", "elevation_ft", "time_zone"]),
        ([{"icao": {}, "latitude": [], "elevation_ft": 1e400}], ["icao", "name", "country", "latitude", "longitude"]),
    ],
    ids=["no object", "nothing", "other types"],
)
def test_rows_of_any_kind_give_djangos_errors(data, rows, names):
    assert list(imports.check(rows).errors[0].error_dict)[: len(names)] == names


class TestPage:
    def post(self, client, text="", language="en", button="check", **more):
        return client.post("/import/", {"text": text, "language": language, button: "", **more})

    def test_samples_can_be_filled_in(self, client, data):
        for name, text in (("csv", samples.as_csv()), ("json", samples.as_json())):
            form = client.get("/import/", {"sample": name}).context["form"]
            assert form["text"].value() == text
        assert client.get("/import/?sample=nope").context["form"]["text"].value() == ""

    @pytest.mark.parametrize("language", CODES)
    def test_errors_are_shown_by_row_and_field(self, client, data, language):
        answer = self.post(client, samples.as_json(), language)
        assert answer.status_code == 200
        html = answer.content.decode()
        rows = json.loads(samples.as_json())
        with translation.override(language):
            told = list(reports.tell(rows, imports.check(rows).errors))
        assert answer.context["faulty"] == told
        assert re.findall(r'data-row="(\d+)"', html) == [str(row.number) for row in told]
        shown = re.findall(r'<dd lang="(\w+)" dir="(\w+)">(.*?)</dd>', html)
        texts = [text for row in told for fault in row.faults for text in fault.texts]
        assert [(code, direction) for code, direction, _ in shown] == [(language, text.direction) for text in texts]
        assert ("rtl" in {direction for _, direction, _ in shown}) == (language == "ar")
        assert not Airport.objects.filter(icao__startswith="PYF").exists()

    def test_a_language_of_the_browser_is_chosen(self, client, data):
        html = client.get("/import/", headers={"accept-language": "de-AT,en;q=0.5"}).content.decode()
        assert '<option value="de" lang="de" selected>' in html

    def test_the_valid_rows_are_imported(self, client, data):
        answer = self.post(client, samples.as_csv(), button="import")
        assert [airport.icao for airport in answer.context["imported"]] == ["PYF1", "PYF2", "PYF4"]
        assert Airport.objects.filter(icao__startswith="PYF").count() == 3
        again = self.post(client, samples.as_csv(), button="import")
        assert again.context["imported"] == []
        assert "No row was valid" in again.content.decode()

    def test_nothing_can_be_smuggled_in(self, client, data):
        row = {**samples.ROWS[0], "name": "<script>alert(1)</script>", "country": "<b>", "<i>": 1, "uid": "x"}
        html = self.post(client, json.dumps([row])).content.decode()
        assert not re.search("<script>|<b>|<i>", html)
        assert "&lt;script&gt;" in html

    def test_a_file(self, client, data):
        file = SimpleUploadedFile("rows.csv", b"\xef\xbb\xbf" + samples.as_csv().encode())
        assert list(self.post(client, file=file).context["checked"].airports) == [0, 1, 6]

    @pytest.mark.parametrize(
        ("sent", "hint"),
        [
            ({}, "Paste rows here"),
            ({"text": " \n "}, "Paste rows here"),
            ({"text": "[1, 2"}, "Enter a valid JSON. Expecting"),
            ({"text": '{"icao": "X"}'}, "An array is expected, not an object."),
            ({"text": "[]"}, "There are no rows in it."),
            ({"text": "icao,name\n"}, "There are no rows in it."),
            ({"text": "a,b\n1,2\n"}, "The first line must name the columns: icao"),
            ({"text": 'icao,name\n"a,b'}, "After line 1: unexpected end of data"),
            ({"text": json.dumps([{}] * (ROWS_MAX + 1))}, "more than 5,000 rows"),
            ({"text": "[]", "language": "tlh"}, "Select a valid choice"),
            ({"file": SimpleUploadedFile("x", b"\xff\xfe")}, "not UTF-8"),
            ({"file": SimpleUploadedFile("x", b" " * (FILE_MAX + 1))}, "larger than"),
        ],
    )
    def test_what_cannot_be_read_is_explained(self, client, data, sent, hint):
        answer = client.post("/import/", {"language": "en", **sent})
        assert answer.status_code == 200
        alerts = re.findall('role="alert">.*?</p>', answer.content.decode())
        assert any(hint in alert for alert in alerts), alerts
        assert "checked" not in answer.context

    def test_the_form_is_guarded_against_forgery(self, data):
        from django.test import Client

        client = Client(enforce_csrf_checks=True)
        assert self.post(client, samples.as_csv()).status_code == 403
        token = client.get("/import/").cookies["csrftoken"].value
        assert self.post(client, samples.as_csv(), csrfmiddlewaretoken=token).status_code == 200


class TestEndpoint:
    def post(self, client, body, language="en"):
        headers = {"accept-language": language}
        return client.post("/api/airports/import/", body, "application/json", headers=headers)

    def test_what_it_gives_it_takes(self, client, data):
        body = client.get("/api/airports/import/")
        assert body.json() == samples.valid()
        answer = self.post(client, body.content)
        assert (answer.status_code, answer.json()) == (201, {"imported": 3, "icao": ["PYF1", "PYF2", "PYF4"]})

    @pytest.mark.parametrize("language", CODES)
    def test_all_errors_as_problem_details(self, client, data, language):
        answer = self.post(client, samples.as_json(), language)
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        with translation.override(language):
            errors = imports.check(json.loads(samples.as_json())).errors
            assert json.loads(answer.content) == as_problem(errors, title="Rows with errors")
        assert not Airport.objects.filter(icao__startswith="PYF").exists()

    def test_a_broken_body_has_its_place(self, client, data):
        problem = json.loads(self.post(client, '[\n{"icao": }]').content)
        assert (problem["status"], problem["title"]) == (400, "No rows")
        (told,) = problem["errors"]
        assert (told["code"], told["line"], told["column"], told["position"]) == ("invalid_json", 2, 10, 11)

    def test_a_body_that_is_too_large(self, client, data, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
        assert self.post(client, samples.as_json()).status_code in {400, 413}

    def test_two_that_import_at_once(self, client, data, monkeypatch):
        """The one that comes later is told so."""
        check = imports.check

        def overtaken(rows):
            checked = check(rows)
            imports.create(check(rows).airports)
            return checked

        monkeypatch.setattr(imports, "check", overtaken)
        answer = self.post(client, json.dumps(samples.valid()))
        assert answer.status_code == 400
        assert {one["pointer"] for one in json.loads(answer.content)["errors"]} >= {"#/0/icao", "#/2/icao"}
        assert Airport.objects.filter(icao__startswith="PYF").count() == 3


class TestCommand:
    def run(self, path, *arguments):
        out, errors = io.StringIO(), io.StringIO()
        try:
            call_command("import_airports", path, *arguments, verbosity=0, stdout=out, stderr=errors)
        except CommandError as error:
            return str(error), errors.getvalue().splitlines()
        return out.getvalue().strip(), errors.getvalue().splitlines()

    @pytest.fixture(params=["csv", "json"])
    def path(self, request, tmp_path):
        path = tmp_path / f"rows.{request.param}"
        path.write_text({"csv": samples.as_csv, "json": samples.as_json}[request.param](), "utf-8")
        return path

    @pytest.mark.parametrize("language", CODES)
    def test_all_or_none(self, data, path, language):
        said, errors = self.run(path, "--language", language)
        assert said == "5 of 8 rows have errors: nothing was imported."
        rows = imports.read(path.read_text("utf-8"))
        with translation.override(language):
            told = list(reports.tell(rows, imports.check(rows).errors))
        texts = [text for row in told for fault in row.faults for text in fault.texts]
        assert [line.partition(": ")[2] for line in errors] == texts
        assert errors[0].startswith("Row 3, icao ")
        assert not Airport.objects.filter(icao__startswith="PYF").exists()

    def test_the_valid_rows(self, data, path):
        said, errors = self.run(path, "--valid-rows", "--dry-run")
        assert said == "3 of 8 rows are valid."
        assert not Airport.objects.filter(icao__startswith="PYF").exists()
        assert self.run(path, "--valid-rows") == ("Imported 3 of 8 airports.", errors)
        assert Airport.objects.filter(icao__startswith="PYF").count() == 3

    def test_progress_is_shown(self, data, path, capsys):
        call_command("import_airports", path, "--valid-rows", stdout=io.StringIO(), stderr=io.StringIO())
        assert "Rows: 100%" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("content", "hint"),
        [(None, "cannot be read"), (b"\xff", "is not UTF-8"), (b"[1", "Enter a valid JSON"), (b"a,b\n", "first line")],
    )
    def test_a_file_that_cannot_be_read(self, tmp_path, content, hint):
        path = tmp_path / "rows"
        if content is not None:
            path.write_bytes(content)
        said, _ = self.run(path)
        assert hint in said
        assert str(path) in said
