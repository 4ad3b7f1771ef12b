"""The rows of the tests' models: empty relations, shared ones, nulls, rows that point nowhere."""

import datetime
from datetime import UTC, date, timedelta
from decimal import Decimal

from tests.relations import unusual_data
from tests.relations.models import (
    Article,
    Author,
    Book,
    Comment,
    Contribution,
    Country,
    Day,
    Dish,
    Entry,
    Label,
    Loan,
    Loose,
    Meaning,
    Note,
    Owner,
    Peculiar,
    Pet,
    Place,
    Profile,
    Restaurant,
    Shelf,
    Tag,
    Word,
)
from tests.shared_rows import number_from_one

START = datetime.datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


def load(db):
    """Fills the tables in a database; what is there is left alone."""
    if Country.objects.using(db).exists():
        return
    number_from_one(db, Country)
    blog(db, people(db))
    places(db)
    keys(db)
    unusual_data.load(db)


def people(db):
    countries = [Country(code=code, name=f"Land \u00e9 {code}") for code in ("FR", "JP", "IS")]
    Country.objects.using(db).bulk_create(countries)
    authors = [
        Author(
            name=f'author "{n}" \u65e5\u672c',
            country=countries[n % 3] if n % 4 else None,
            born=date(1950 + n, 1, 1) if n % 2 else None,
        )
        for n in range(8)
    ]
    for author in authors:
        author.mentor = authors[0] if author is not authors[0] and author.born else None
        author.save(using=db)
    authors[1].friends.add(authors[2], authors[5])
    authors[2].friends.add(authors[7])
    for author in authors[::3]:
        Profile.objects.using(db).create(author=author, about=f"<b>{author.pk}</b>", picture="pictures/a.png")
    Peculiar.objects.using(db).bulk_create(Peculiar(author=author, text=f"own {author.pk}") for author in authors[:3])
    for n, author in enumerate(authors[:4]):
        Loose.objects.using(db).create(author_id=None if n == 2 else author.pk + 990 * (n % 2), certain=author)
    return authors


def blog(db, authors):
    tags = [Tag(name=f"tag {n % 5}") for n in range(7)]
    for n, tag in enumerate(tags):
        tag.parent = tags[n // 2] if n else None
        tag.save(using=db)
    articles = [
        Article(
            title=f"article {n % 9} \U0001f600",
            price=Decimal(n * 115) / 100 if n % 3 else None,
            published=START + timedelta(hours=n) if n % 5 else None,
            data={"n": n, "text": "</script>", "list": [1.5, None]},
            author=authors[n % 6],
            editor=authors[7 - n % 6] if n % 2 else None,
        )
        for n in range(12)
    ]
    for article in articles:
        article.save(using=db)
    for n, article in enumerate(articles[:-2]):
        article.tags.add(*tags[n % 3 : n % 3 + n % 4])
        article.see_also.add(*articles[n : n + n % 3])
        for time in range(n % 3):
            Contribution.objects.using(db).create(article=article, author=authors[n % 5], role=f"role {time}")
            Contribution.objects.using(db).create(article=article, author=authors[6], role="other")
    comments = [
        Comment(
            article=articles[n * 7 % 10],
            writer=authors[n % 8] if n % 3 else None,
            text=f"comment {n}",
            score=n % 4,
            hidden=n % 6 == 5,
            at=START + timedelta(minutes=n, microseconds=n * 1000),
        )
        for n in range(40)
    ]
    for n, comment in enumerate(comments):
        comment.answered = comments[n // 3] if n % 4 else None
        comment.save(using=db)
    for n, article in enumerate(articles[::2]):
        for number in range(n % 4):
            Note.objects.using(db).create(text=f"note {number}", subject=article)
            Label.objects.using(db).create(text=f"label {9 - number}", subject=article)
    Note.objects.using(db).create(text="of an author", subject=authors[0])


def places(db):
    country = Country.objects.using(db).get(code="IS")
    for n in range(4):
        restaurant = Restaurant.objects.using(db).create(name=f"restaurant {n}", country=country, stars=n)
        place = Place.objects.using(db).create(name=f"place {n}", country=country)
        restaurant.near.add(place)
        for number in range(n):
            Dish.objects.using(db).create(
                name=f"dish {number}", restaurant=restaurant, favourite_of=place if number else restaurant
            )
        if n > 1:
            Note.objects.using(db).create(text=f"note of {n}", subject=restaurant)


def keys(db):
    shelves = [Shelf.objects.using(db).create(code=code) for code in ("a-1", "b-2", "empty", None)]
    books = [Book.objects.using(db).create(shelf=shelves[n % 2] if n else None, title=f"book {n}") for n in range(5)]
    owners = [Owner.objects.using(db).create(name=f"owner {n}") for n in range(4)]
    homes = list(Place.objects.using(db).order_by("pk"))
    for n, book in enumerate(books):
        Pet.objects.using(db).create(
            name=f"pet {n}", owner=owners[n % 3] if n else None, home=homes[n] if n % 2 else None
        )
        for owner in owners[: n % 4]:
            Loan.objects.using(db).create(book=book, owner=owner, since=date(2026, 1, n + 1))
    days = [Day.objects.using(db).create(date=date(2026, 1, n + 1)) for n in range(3)]
    words = [Word.objects.using(db).create(text=text) for text in ("abc", "cba", "xyz")]
    for n in range(5):
        entry = Entry.objects.using(db).create(day=days[n % 2] if n else None, text=f"entry {n}")
        entry.others.add(*days[: n % 3])
        meaning = Meaning.objects.using(db).create(word=words[n % 2], text=f"meaning {n}")
        meaning.words.add(*words[: n % 4])
