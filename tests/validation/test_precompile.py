"""When validators are compiled, and what is said about them."""

import io
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core import validators as core
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from pyforge_web import validators
from pyforge_web.validation.validator_rules import find_rule
from pyforge_web.validators import CompiledValidator
from tests.app.models import Article, Author, Everything

ROOT = Path(__file__).parents[2]


KEY = validators._REMEMBERED


def compiled_models():
    return {model for model in apps.get_models() if KEY in vars(model._meta)}


@pytest.fixture
def nothing_compiled(monkeypatch):
    for model in compiled_models():
        monkeypatch.delitem(vars(model._meta), KEY)


@pytest.mark.usefixtures("nothing_compiled")
class TestPrecompile:
    def compiled_with(self, settings, chosen):
        settings.PYFORGE_WEB = {"PRECOMPILE": chosen}
        validators.precompile_models()
        return compiled_models()

    def test_precompile_default(self):
        validators.precompile_models()
        assert compiled_models() == set(apps.get_models())

    def test_precompile_off(self, settings):
        assert self.compiled_with(settings, "off") == set()
        CompiledValidator.for_model(Article)
        assert compiled_models() == {Article}

    def test_precompile_list(self, settings):
        assert self.compiled_with(settings, ["tests_app.Article"]) == {Article}

    @pytest.mark.parametrize("label", ["tests_app.Nothing", "nowhere.Article", "Article"])
    def test_precompile_unknown_model(self, settings, label):
        with pytest.raises(ImproperlyConfigured, match="PRECOMPILE"):
            self.compiled_with(settings, [label])

    @pytest.mark.parametrize("chosen", ["some", 1, None, [1]])
    def test_precompile_wrong_value(self, settings, chosen):
        with pytest.raises(ImproperlyConfigured, match="PRECOMPILE"):
            self.compiled_with(settings, chosen)


def test_precompile_at_start_up():
    installed = {model for model in apps.get_models() if ".test_" not in model.__module__}
    assert compiled_models() >= installed


@pytest.mark.parametrize("other", [None, "text", Author(), Article])
def test_clean_wrong_type(other):
    validator = CompiledValidator.for_model(Article)
    for clean in (validator.clean, lambda instance: validator.clean_rows([instance])):
        with pytest.raises(TypeError, match="an instance of Article is needed, not "):
            clean(other)


def test_explain_fields():
    rows = {row.name: row for row in CompiledValidator.for_model(Article).explain()}
    assert rows["title"] == ("title", "native", "text", ("length",), (), "")
    assert rows["author"].path == "django"
    assert "database" in rows["author"].reason


@pytest.mark.parametrize("model", [Article, Everything])
def test_explain_command(model):
    out = io.StringIO()
    call_command("pyforge_explain", model._meta.label, stdout=out)
    text = out.getvalue().partition("Validated")[2]
    for row in CompiledValidator.for_model(model).explain():
        assert re.search(rf"^{row.name} +{row.path} ", text, re.MULTILINE)
        assert row.reason in text
        assert all(name in text for name in (*row.rules, *row.called))


def rules_of_rust():
    source = (ROOT / "native/src/rules/mod.rs").read_text().rpartition("\nrules! {")[2].partition("}")[0]
    return set(re.findall(r"= (\w+),", source))


# A validator for each rule. Whoever adds a rule adds its row.
SAMPLES = {
    "limit": core.MaxValueValidator(5),
    "digits": core.DecimalValidator(5, 2),
    "domain": core.DomainNameValidator(),
    "email": core.EmailValidator(),
    "extension": core.FileExtensionValidator(["pdf"]),
    "integers": core.validate_comma_separated_integer_list,
    "ip": core.validate_ipv46_address,
    "length": core.MinLengthValidator(2),
    "no_null": core.ProhibitNullCharactersValidator(),
    "pattern": core.RegexValidator("a+"),
    "slug": core.validate_slug,
    "step": core.StepValueValidator(2),
    "url": core.URLValidator(),
}


def test_rules_are_documented():
    page = (ROOT / "docs/reference/validation.md").read_text()
    assert set(re.findall(r"^\|[^|]+\| `(\w+)` \|", page, re.MULTILINE)) == rules_of_rust()
    assert SAMPLES.keys() == rules_of_rust()
    for name, validator in SAMPLES.items():
        assert find_rule(validator)[0] == name
