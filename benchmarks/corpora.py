"""Two public JSON files most JSON benchmarks use: read where they lie, never copied into the project."""

import hashlib
import json
import os
from pathlib import Path

DIRECTORY = Path(os.environ.get("PYFORGE_CORPORA") or Path(__file__).parents[2] / "shared" / "corpora")
SHA256 = {
    "canada.json": "bfbc12b8b6da35cdcc15046304be1739a82a335de17ef9959ea3dd75225467a4",
    "citm_catalog.json": "a73e7a883f6ea8de113dff59702975e60119b4b58d451d518a929f31c92e2059",
}
WHERE_TO_GET = (
    "They are data/canada.json.xz and data/citm_catalog.json.xz of the repository github.com/ijl/orjson,"
    " decompressed: put them in a directory and name it in PYFORGE_CORPORA."
)


def missing() -> list[str]:
    """The names of the files that are not there."""
    return [name for name in SHA256 if not (DIRECTORY / name).is_file()]


def load(name: str) -> object:
    """The value of a corpus, after a look at its checksum: figures of another file would not compare."""
    content = (DIRECTORY / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise SystemExit(f"{DIRECTORY / name} is not the file these benchmarks know. {WHERE_TO_GET}")
    return json.loads(content)
