"""Compiling: runs nothing of a project's, asks no database, breaks on nothing, and compiles no regex."""

import copy
import gc
import pickle
import re
import subprocess
import sys
import weakref
from functools import partial

import pytest
from django.core import validators as v
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from pyforge_web.validators import CompiledValidator
from tests.tables import cases
from tests.validation import options, oracle, own, own_fields, record, tables
from tests.validation.fields import FIELDS
from tests.validation.models import CompiledTicket, Owner, Pet, Place, Restaurant, Ticket
from tests.validation.odd import BoomError, Traced


class Explosive:
    """A limit, a choice, a flag that must not be touched before there is a value."""

    def _raise(self, *arguments):
        raise BoomError("touched")

    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __call__ = __bool__ = __iter__ = __len__ = __getitem__ = _raise
    __int__ = __float__ = __index__ = __str__ = __repr__ = __hash__ = _raise


@pytest.fixture
def no_database(monkeypatch):
    """Any attempt to connect, or to run a statement, fails. Gives the list of what was tried."""
    asked = []

    def refuse(*arguments, **options):
        asked.append(arguments)
        raise AssertionError("the database was asked")

    for name in ("connect", "ensure_connection", "cursor"):
        monkeypatch.setattr(BaseDatabaseWrapper, name, refuse)
    return asked


def test_compile_calls_no_project_code(no_database):
    """No validator, limit, choice; and the first validation afterwards calls what Django's first calls."""
    for row, make_field in FIELDS.items():
        theirs, mine = (tables.model_of(value=make_field()) for _ in range(2))
        record.start()
        CompiledValidator.for_model(mine)
        assert record.CALLS == [], row
        oracle.assert_same(*(partial(tables.maker(model), lambda: 5) for model in (theirs, mine)))


@pytest.mark.parametrize("model", [Pet, Restaurant, CompiledTicket, Owner])
def test_compile_sends_no_query(model, no_database):
    CompiledValidator(model)
    assert no_database == []


def lazy_choices():
    return iter([Explosive()])


EXPLOSIVE = {
    "limits": lambda: models.CharField(validators=[v.MaxLengthValidator(Explosive()),
        v.MinValueValidator(Explosive())]),
    "limits of an integer": lambda: models.IntegerField(validators=[v.MinValueValidator(Explosive())]),
    "limits of a decimal": lambda: models.DecimalField(max_digits=Explosive(), decimal_places=Explosive()),
    "steps": lambda: models.FloatField(validators=[v.StepValueValidator(Explosive(), offset=Explosive())]),
    "choices": lambda: models.CharField(choices=[("a", "A"), (Explosive(), "B")]),
    "choices, called": lambda: models.CharField(choices=Explosive().__call__),
    "patterns": lambda: models.CharField(validators=[own.changed(v.RegexValidator("a"), regex=Explosive(),
        flags=Explosive())]),
    "inverse": lambda: models.CharField(validators=[own.changed(v.RegexValidator("a"), inverse_match=Explosive())]),
    "schemes": lambda: models.CharField(validators=[own.changed(v.URLValidator(), schemes=Explosive())]),
    "allowlist": lambda: models.CharField(validators=[own.changed(v.EmailValidator(), domain_allowlist=Explosive())]),
    "domains": lambda: models.CharField(validators=[own.changed(v.DomainNameValidator(), accept_idna=Explosive())]),
    "extensions": lambda: models.FileField(validators=[own.changed(v.FileExtensionValidator(),
        allowed_extensions=Explosive())]),
    "max_length": lambda: own.changed(models.CharField(), max_length=Explosive()),
    "messages": lambda: models.CharField(max_length=3, error_messages={"null": Explosive(), "blank": Explosive()}),
    "blank": lambda: own.changed(models.CharField(), blank=Explosive()),
    "null and editable": lambda: own.changed(models.IntegerField(), null=Explosive(), editable=Explosive()),
    "empty values": lambda: own.changed(models.CharField(), empty_values=Explosive()),
    "validators": lambda: models.CharField(validators=[Explosive(), Explosive]),
    "encoder": lambda: own.changed(models.JSONField(), encoder=Explosive()),
    "default": lambda: models.IntegerField(default=Explosive(), db_default=5, help_text=Explosive()),
    "a bad pattern": lambda: models.CharField(validators=[v.RegexValidator("(")]),
    "a pattern that warns": lambda: models.CharField(validators=[v.RegexValidator("[[:alpha:]]")]),
    "a limit that cannot be compared": lambda: models.IntegerField(validators=[v.MaxValueValidator("5")]),
    "a limit that is missing": lambda: models.CharField(validators=[without_limit(v.MaxLengthValidator(3))]),
    "a pattern that is missing": lambda: models.CharField(validators=[without(v.RegexValidator("a"), "regex")]),
    "places that are missing": lambda: models.DecimalField(),
}  # fmt: skip


def without_limit(validator):
    return without(validator, "limit_value")


def without(validator, name):
    del vars(validator)[name]
    return validator


@pytest.mark.parametrize("make_field", cases(EXPLOSIVE))
def test_compile_never_raises(make_field, no_database):
    """What cannot be read is Django's; the other fields of the model stay ours."""
    mine = tables.model_of(value=make_field(), other=models.CharField(max_length=3))
    (other,) = [rules for rules in CompiledValidator.for_model(mine).explain() if rules.name == "other"]
    assert other.path == "native"


@pytest.mark.parametrize("name", [name for name in EXPLOSIVE if name.startswith("a ") or "missing" in name])
def test_clean_of_a_broken_field(name):
    """Each time, and the first time."""
    makers = [tables.maker(tables.model_of(value=EXPLOSIVE[name]())) for _ in range(2)]

    def make(maker, value):
        re.purge()  # or the second of two equal patterns is not compiled, and does not warn
        return maker(lambda: value)

    for value in ("a", "5", "", None, "a"):
        oracle.assert_same(*(partial(make, maker, value) for maker in makers))


def test_compile_leaves_the_field():
    model = tables.model_of(**{f"field_{n}": FIELDS[row]() for n, row in enumerate(list(FIELDS)[:60])})
    before = {field: dict(vars(field)) for field in model._meta.fields}
    class_before = dict(vars(model))
    CompiledValidator.for_model(model)
    assert dict(vars(model)) == class_before
    for field, attributes in before.items():
        now = dict(vars(field))
        # A cached property of Django's, which its first validation fills in.
        attributes.setdefault("validators", now.get("validators"))
        assert now.keys() - {"validators"} == attributes.keys() - {"validators"}
        assert all(now[name] is attributes[name] for name in attributes if name in now)


def test_for_model_same_validator():
    assert CompiledValidator.for_model(Ticket) is CompiledValidator.for_model(Ticket)
    assert CompiledValidator.for_model(CompiledTicket) is not CompiledValidator.for_model(Ticket)


@pytest.mark.parametrize("model", [Ticket, Place])
def test_validator_copies(model):
    compiled = CompiledValidator.for_model(model)
    for copied in (copy.copy(compiled), copy.deepcopy(compiled), pickle.loads(pickle.dumps(compiled))):
        assert copied is compiled


COLD = """
import django, os
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()
from django.core import validators as v
from django.utils.functional import SimpleLazyObject, empty
from django.db import models
from pyforge_web.validators import CompiledValidator
from tests.validation import tables

def compiled(lazy):
    while type(lazy) is SimpleLazyObject:
        if lazy._wrapped is empty:
            return False
        lazy = lazy._wrapped
    return True

domain = v.DomainNameValidator()
model = tables.model_of(
    email=models.EmailField(), url=models.URLField(), domain=models.CharField(validators=[domain]),
    slug=models.SlugField(), commas=models.CharField(validators=[v.validate_comma_separated_integer_list]),
)
row = model(email="a@example.com", url="http://example.com/a?b", domain="example.com", slug="a-b", commas="1,2")
LAZY = [v.EmailValidator.user_regex, v.EmailValidator.domain_regex, v.EmailValidator.literal_regex,
    v.URLValidator.regex,
        models.URLField.default_validators[0].regex, v.validate_domain_name.regex, domain.regex, v.slug_re,
        v.validate_slug.regex, v.validate_comma_separated_integer_list.regex]
for clean in (lambda: CompiledValidator.for_model(model).clean(row),
              lambda: CompiledValidator.for_model(model).clean_rows([row] * 3)):
    clean()
    print([compiled(lazy) for lazy in LAZY])
models.Model.clean_fields(row)
print([compiled(lazy) for lazy in LAZY])
"""


def test_first_clean_compiles_no_regex(pytestconfig):
    """In a process of its own; Django's own validation, at the end, compiles them: so they would have been seen."""
    child = subprocess.run(
        [sys.executable, "-c", COLD], cwd=pytestconfig.rootpath, capture_output=True, text=True, timeout=60, check=True
    )
    alone, batch, django = (eval(line) for line in child.stdout.splitlines())
    assert not any(alone), alone
    assert not any(batch), batch
    assert sum(django) >= 8


def test_validator_collected_with_its_model():
    """They hold each other, through fields, rules and patterns; but for the table of `for_model`, nobody else does."""

    def use():
        rules = [own.accept, v.RegexValidator("^a"), v.MinLengthValidator(1)]
        value = models.CharField(max_length=3, validators=rules, choices=[("a", "A")])
        model = tables.model_of(value=value, price=models.DecimalField(max_digits=3, decimal_places=1, default=1))
        compiled = CompiledValidator(model)
        model.compiled = compiled
        compiled.clean(model(value="a"))
        found = compiled.clean_rows([model(value="abcd"), model()])
        return weakref.ref(model), weakref.ref(rules[1]), weakref.ref(value), found[1]["value"] is None

    references = use()[:3]
    gc.collect()
    assert [reference() for reference in references] == [None] * 3


def test_compile_reads_no_choices():
    """Neither iterated nor compared."""
    model = tables.model_of(
        value=models.CharField(choices=[(Traced("a"), "A")]), other=models.IntegerField(choices=options.numbered)
    )
    record.start()
    CompiledValidator.for_model(model)
    assert record.CALLS == []


@pytest.mark.parametrize("make_field", cases(own_fields.CLASSES))
def test_compile_asks_no_project_field(make_field):
    """But for the options, which are attributes to everybody."""
    model = tables.model_of(value=make_field(**({"primary_key": True} if make_field is own_fields.Key else {})))
    record.start()
    CompiledValidator.for_model(model)
    assert {name for name, _ in record.CALLS} <= {"blank", "null", "editable", "choices", "getattribute"}
