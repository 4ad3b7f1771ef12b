"""Which airports are near each other: computed from their positions when the tables are filled, for no package says so.

Of each airport with an IATA code: the four others with one that are nearest by great circle, none beyond 300 km. That
another is near it does not mean that it is near the other, which may have four that are nearer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from math import asin, cos, radians, sin, sqrt

from demo_site.airports.models import Airport

NUMBER, KILOMETRES = 4, 300.0
EARTH_RADIUS = 6371.0  # km, the mean
GREENWICH = (51.4779, -0.0015)
_CHORD = 2 * sin(KILOMETRES / EARTH_RADIUS / 2)  # of that arc, on a sphere of radius 1

Point = tuple[float, float, float]


def load() -> int:
    """Write the pairs, and give their number. There must be none yet."""
    positions = Airport.objects.exclude(iata="").values_list("pk", "latitude", "longitude").order_by("icao")
    through = Airport.nearby.through
    rows = [through(from_airport_id=one, to_airport_id=other) for one, other in pairs(positions)]
    through.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def pairs(positions: Iterable[tuple[int, float, float]]) -> Iterator[tuple[int, int]]:
    """Give the keys of each `(key, latitude, longitude)` and of those near it, the nearest first."""
    points = {key: _point(latitude, longitude) for key, latitude, longitude in positions}
    # Cubes as wide as the distance: who is near is in the same one or in one beside it, at the poles too.
    cubes: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for key, point in points.items():
        cubes[_cube(point)].append(key)
    for key, point in points.items():
        around = product(*((side - 1, side, side + 1) for side in _cube(point)))
        others = [other for cube in around for other in cubes.get(cube, ()) if other != key]
        near = sorted((_chord(point, points[other]), other) for other in others)
        yield from ((key, other) for chord, other in near[:NUMBER] if chord <= _CHORD)


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Give the kilometres between two places, each `(latitude, longitude)`, by great circle."""
    return 2 * EARTH_RADIUS * asin(min(1.0, _chord(_point(*one), _point(*other)) / 2))


def distance_to_greenwich(latitude: float, longitude: float) -> int:
    """Give the whole kilometres from a place to the Royal Observatory in Greenwich."""
    return round(distance((latitude, longitude), GREENWICH))


def _point(latitude: float, longitude: float) -> Point:
    """Give a place on a sphere of radius 1."""
    phi, lambda_ = radians(latitude), radians(longitude)
    return cos(phi) * cos(lambda_), cos(phi) * sin(lambda_), sin(phi)


def _cube(point: Point) -> tuple[int, ...]:
    return tuple(int(side // _CHORD) for side in point)


def _chord(one: Point, other: Point) -> float:
    return sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)))
