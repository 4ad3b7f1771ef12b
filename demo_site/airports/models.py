"""Countries and airports. A value that the source does not hold as it is says "Derived" in its help text."""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

COUNTRY_CODE = RegexValidator(r"\A[A-Z]{2}\Z", "A country code is two capital letters, for example IS.")
ICAO_CODE = RegexValidator(r"\A[0-9A-Z_]{4}\Z", "An ICAO code is four capital letters or digits, for example BIKF.")
IATA_CODE = RegexValidator(r"\A[0-9A-Z]{3}\Z", "An IATA code is three capital letters or digits, for example KEF.")

# Regions as the source has them, and what they are called here.
REGIONS = (
    ("Africa", "Africa"),
    ("Americas", "North and South America"),
    ("Asia", "Asia"),
    ("Europe", "Europe"),
    ("Oceania", "Australia and Oceania"),
)


class Country(models.Model):
    """A country or territory, as the package `countryinfo` describes it."""

    code = models.CharField(max_length=2, primary_key=True, validators=[COUNTRY_CODE], help_text="ISO 3166-1 alpha-2.")
    alpha3 = models.CharField(max_length=3, blank=True, help_text="ISO 3166-1 alpha-3; borders use it.")
    name = models.CharField(
        max_length=80, help_text="In English. The code itself where countryinfo does not know the country."
    )
    capital = models.CharField(max_length=80, blank=True)
    region = models.CharField(max_length=40, blank=True, db_index=True, choices=REGIONS)
    subregion = models.CharField(max_length=60, blank=True)
    area_km2 = models.DecimalField("area in km²", max_digits=12, decimal_places=2, null=True, blank=True)
    population = models.PositiveBigIntegerField(null=True, blank=True)
    currencies = models.JSONField(default=list, blank=True, help_text="ISO 4217 codes.")
    languages = models.JSONField(default=list, blank=True, help_text="ISO 639-1 codes.")
    borders = models.JSONField(default=list, blank=True, help_text="Alpha-3 codes of the neighbours.")
    timezones = models.JSONField(default=list, blank=True, help_text="IANA names.")
    translations = models.JSONField(default=dict, blank=True, help_text="The name, by language code.")
    outline = models.JSONField(
        null=True, blank=True, help_text="A coarse GeoJSON geometry; null where countryinfo has none."
    )

    class Meta:
        ordering = ("name", "code")
        verbose_name_plural = "countries"

    def __str__(self) -> str:
        return str(self.name)


class Airport(models.Model):
    """An airport or landing site, as the package `airportsdata` describes it."""

    icao = models.CharField("ICAO code", max_length=4, unique=True, validators=[ICAO_CODE])
    iata = models.CharField(
        "IATA code",
        max_length=3,
        blank=True,
        validators=[IATA_CODE],
        help_text="Empty for most small fields.",
    )
    name = models.CharField(max_length=120, db_index=True)
    city = models.CharField(max_length=80, blank=True)
    subdivision = models.CharField(max_length=80, blank=True, help_text="State, province or region.")
    # The index on (country, icao) below serves the foreign key too.
    country = models.ForeignKey(Country, models.PROTECT, related_name="airports", db_index=False)
    latitude = models.FloatField(validators=[MinValueValidator(-90), MaxValueValidator(90)])
    longitude = models.FloatField(validators=[MinValueValidator(-180), MaxValueValidator(180)])
    elevation_ft = models.IntegerField(
        "elevation in feet",
        help_text="Derived: rounded to whole feet (the source has tenths for some airports).",
    )
    time_zone = models.CharField(max_length=40, help_text="IANA name.")
    solar_offset = models.DurationField(
        help_text="Derived from the longitude: mean solar time minus UTC, four minutes per degree."
    )
    uid = models.UUIDField("UID", unique=True, help_text="Derived: uuid5 of the ICAO code, the same in every database.")
    released_on = models.DateField(help_text="The date in the version number of the airportsdata release.")
    loaded_at = models.DateTimeField(help_text="When seed_demo wrote this row.")
    nearby = models.ManyToManyField(
        "self",
        symmetrical=False,
        related_name="nearby_of",
        blank=True,
        help_text="Derived from the positions: of an airport with an IATA code the four nearest others with one, by "
        "great circle, within 300 km.",
    )

    class Meta:
        ordering = ("icao",)
        indexes = (
            models.Index(fields=("country", "icao"), name="airport_country_icao"),
            models.Index(fields=("latitude", "longitude"), name="airport_position"),
        )
        constraints = (models.UniqueConstraint(fields=("iata",), condition=~Q(iata=""), name="airport_iata_unique"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.icao})"
