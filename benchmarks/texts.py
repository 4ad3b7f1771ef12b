"""Text of the kinds a database holds, in any size, the same in each run."""

import random

SENTENCES = {
    "ASCII": [
        "The council met on Tuesday to talk about the new bridge over the river.",
        "Trains from the north will stop at the harbour until the end of March.",
        "Ask for the plan of the garden at the school, room 12, between 9 and 17.",
    ],
    "HTML full of quotes": [
        '<a class="btn btn-primary" href="/articles/41/?page=2&amp;sort=title" data-id="41">Read on</a>\n',
        '<img src="/media/harbour.jpg" alt="The \'old\' harbour" width="640" height="480">\n',
        '<p class="lead">She said "no" &mdash; then "maybe".</p>\n\t<input type="text" name="q" value="">\n',
    ],
    "all quotes": ['"'],
    "French": [
        "Le conseil s'est réuni à l'hôtel de ville : l'été dernier, la forêt a brûlé près du château.",
        "Où sont passés les élèves ? Ça, personne ne le sait, répondit le maître, très étonné.",
        "Les trains à grande vitesse s'arrêteront à la gare du côté de la Créativité jusqu'à février.",
    ],
    "Japanese": [
        "市議会は火曜日に、川に架かる新しい橋について話し合いました。",
        "北から来る列車は三月の終わりまで港の駅に止まります。",
        "庭園の図面は学校の十二番教室でお受け取りください。",
    ],
    "emoji": [
        "Great work everybody, the harbour is open again \U0001f389 see you there on Sunday! ",
        "The summer market starts at nine \U0001f31e bring your own bags \U0001f6cd please. ",
        "Trains are late today \U0001f686 take the bus instead. ",
    ],
}


def text(kind: str, size: int, seed: int = 7) -> str:
    """Text of one kind whose UTF-8 has `size` bytes, or up to three less."""
    return sentences(kind, size, random.Random(seed))


def sentences(kind: str, size: int, draw: random.Random) -> str:
    """Sentences drawn until the UTF-8 has `size` bytes, cut there."""
    parts: list[str] = []
    length = 0
    while length < size:
        parts.append(draw.choice(SENTENCES[kind]))
        length += len(parts[-1].encode())
    return "".join(parts).encode()[:size].decode(errors="ignore")


def fresh(original: str) -> str:
    """An equal str that shares nothing with the original: orjson keeps the UTF-8 of a str inside it."""
    return original[:1] + original[1:]
