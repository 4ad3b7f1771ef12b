from collections.abc import Sequence
from typing import Any, Final, Literal

__all__ = ["BUILD_PROFILE", "VERSION", "dumps", "totals"]

VERSION: Final[str]
BUILD_PROFILE: Final[Literal["debug", "release"]]

def dumps(
    obj: Any,
    *,
    fields: Sequence[str] | None = None,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Literal["raise", "null"] = "raise",
) -> bytes: ...
def totals() -> tuple[int, int, int]: ...
