"""What tests of the demo wait for in a page: its scripts fetch data, and draw it."""

DRAWN = "Number(document.querySelector('canvas').dataset.drawn)"


def loaded(page) -> None:
    """Wait until a map has drawn or a comparison is complete, where the page has one."""
    page.wait_for_function(
        f"""() => [...document.querySelectorAll("canvas")].every(() => {DRAWN} > 0)
        && [...document.querySelectorAll("[data-case]")].every((card) => card.ariaBusy === "false")""",
        timeout=120_000,
    )


def drawn(page, condition: str) -> None:
    """Wait until the number of dots that the last drawing put on the canvas meets a condition ("> 7000")."""
    page.wait_for_function(f"() => {DRAWN} {condition}")
