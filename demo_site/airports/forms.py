"""The query parameters of the endpoints and the import, as forms: what is not understood is refused and explained."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import get_language_info

from demo_site.airports import imports
from demo_site.airports.models import Airport, Country
from pyforge_web import BodyError

ROWS_MAX = 5000
FILE_MAX = 2_621_440  # bytes: what Django takes of a form's other fields
PAGE_SIZE = 25
PAGE_SIZE_MAX = 2000


class QueryForm(forms.Form):
    """A form over a query string that refuses parameters it does not know."""

    def clean(self) -> dict[str, Any]:
        """Add an error for each unknown parameter; it lists the known ones."""
        cleaned = super().clean() or {}
        known = ", ".join(self.fields)
        for name in self.data:
            if name not in self.fields:
                self.errors[name] = self.error_class([f"There is no such parameter. There are: {known}."])
        return cleaned


class WholeNumber(forms.IntegerField):
    """An IntegerField that answers any mistake with the range it takes."""

    def clean(self, value: Any) -> int | None:
        """Give the number, or None where nothing was sent."""
        try:
            number: int | None = super().clean(value)
        except ValidationError:
            bound = "" if self.max_value is None else f", at most {self.max_value}"
            raise ValidationError(f"Write a whole number, at least {self.min_value}{bound}.") from None
        return number


class AirportQuery(QueryForm):
    """The parameters of `/api/airports/`."""

    country = forms.CharField(required=False, max_length=2)
    iata = forms.ChoiceField(
        required=False,
        choices=(("yes", "with an IATA code"), ("no", "without one")),
        error_messages={"invalid_choice": "Write yes (only airports with an IATA code) or no (only those without)."},
    )
    q = forms.CharField(required=False, min_length=2, max_length=60)
    bbox = forms.CharField(required=False, max_length=100)
    page = WholeNumber(required=False, min_value=1)
    page_size = WholeNumber(required=False, min_value=1, max_value=PAGE_SIZE_MAX)

    def clean_country(self) -> str:
        """Give the code in capitals; it must be a country's."""
        code: str = self.cleaned_data["country"].upper()
        if code and not Country.objects.filter(code=code).exists():
            raise ValidationError(f"There is no country {code!r}. /api/countries/ lists the codes.")
        return code

    def clean_bbox(self) -> tuple[float, ...] | None:
        """Give (west, south, east, north) in degrees, or None."""
        text = self.cleaned_data["bbox"]
        if not text:
            return None
        wrong = ValidationError(
            "Write west,south,east,north in degrees, for example -25,63,-13,67: longitudes between -180 and "
            "180 (west may be greater than east: the box then crosses the 180th meridian), latitudes between "
            "-90 and 90, south first."
        )
        try:
            west, south, east, north = (float(part) for part in text.split(","))
        except ValueError:
            raise wrong from None
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
            raise wrong
        return west, south, east, north

    def clean_page(self) -> int:
        """Give the page's number, 1 by default. That there is such a page is the paginator's question."""
        return self.cleaned_data["page"] or 1

    def clean_page_size(self) -> int:
        """Give the number of rows on a page."""
        return self.cleaned_data["page_size"] or PAGE_SIZE

    def queryset(self) -> QuerySet[Airport]:
        """Give the airports that a valid form asks for."""
        asked, airports = self.cleaned_data, Airport.objects.all()
        if asked["country"]:
            airports = airports.filter(country=asked["country"])
        if asked["iata"]:
            empty = Q(iata="")
            airports = airports.filter(empty if asked["iata"] == "no" else ~empty)
        if q := asked["q"]:
            airports = airports.filter(
                Q(name__icontains=q) | Q(city__icontains=q) | Q(icao=q.upper()) | Q(iata=q.upper())
            )
        if asked["bbox"]:
            airports = airports.filter(_inside(*asked["bbox"]))
        return airports


class CountryQuery(QueryForm):
    """The parameters of `/api/countries/`."""

    region = forms.CharField(required=False, max_length=40)

    def clean_region(self) -> str:
        """Give the region; there must be one of that name."""
        region: str = self.cleaned_data["region"]
        if region and not Country.objects.filter(region=region).exists():
            names = Country.objects.exclude(region="").order_by("region").values_list("region", flat=True)
            raise ValidationError(f"There is no region {region!r}. There are: {', '.join(names.distinct())}.")
        return region

    def queryset(self) -> QuerySet[Country]:
        """Give the countries that a valid form asks for."""
        region = self.cleaned_data["region"]
        return Country.objects.filter(region=region) if region else Country.objects.all()


class ExportQuery(QueryForm):
    """The parameters of `/api/export/`."""

    format = forms.ChoiceField(
        required=False,
        choices=(("ndjson", "a line for each airport"), ("array", "one JSON array")),
        error_messages={"invalid_choice": "Write ndjson (a line for each airport) or array (one JSON array)."},
    )


def _languages() -> list[tuple[str, str]]:
    """Give the languages of the site, each by its own name."""
    return [(code, get_language_info(code)["name_local"]) for code, _ in settings.LANGUAGES]


class ImportForm(forms.Form):
    """Rows to import, pasted or in a file, and the language of their errors."""

    text = forms.CharField(required=False, strip=False, label="Rows", widget=forms.Textarea)
    file = forms.FileField(required=False, label="or a file")
    language = forms.ChoiceField(label="Language of the errors", choices=_languages)

    def clean_file(self) -> str:
        """Give the text of the file, empty without one."""
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > FILE_MAX:
            raise ValidationError(f"The file is larger than {FILE_MAX:,} bytes. The command import_airports takes it.")
        try:
            return str(file.read(), "utf-8-sig")
        except UnicodeDecodeError:
            raise ValidationError("The file is not UTF-8. Save it as UTF-8 and choose it again.") from None

    def clean(self) -> dict[str, Any]:
        """Read the rows, of the file if there is one: they are `rows` in the cleaned data."""
        cleaned = super().clean() or {}
        name = "file" if cleaned.get("file") else "text"
        if "file" in cleaned:
            self._read(name, cleaned[name])
        return cleaned

    def _read(self, name: str, text: str) -> None:
        if not text.strip():
            self.add_error(name, "Paste rows here, or choose a file.")
            return
        try:
            rows = imports.read(text, max_size=FILE_MAX)
        except BodyError as error:
            self.add_error(name, error)
            return
        if not rows:
            self.add_error(name, "There are no rows in it.")
        if len(rows) > ROWS_MAX:
            self.add_error(name, f"These are more than {ROWS_MAX:,} rows. The command import_airports takes them.")
        self.cleaned_data["rows"] = rows


def _inside(west: float, south: float, east: float, north: float) -> Q:
    """Give the condition for a position in the box; a box with west > east crosses the 180th meridian."""
    longitude = Q(longitude__gte=west, longitude__lte=east)
    if west > east:
        longitude = Q(longitude__gte=west) | Q(longitude__lte=east)
    return Q(latitude__range=(south, north)) & longitude
