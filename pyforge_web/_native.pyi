from collections.abc import Sequence
from typing import Any, Literal

VERSION: str
BUILD_PROFILE: str

def dumps(
    obj: Any,
    *,
    fields: Sequence[str] | None = None,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Literal["raise", "null"] = "raise",
) -> bytes: ...
def totals() -> tuple[int, int, int]: ...
