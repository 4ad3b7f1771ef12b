"""ModelForms: the same errors and the same instance, with and without the mixin."""

import contextlib
from unittest import mock

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.forms import modelform_factory, modelformset_factory
from django.utils import translation

from pyforge_web.validators import CompiledModelMixin
from tests.oracle import LANGUAGES
from tests.tables import cases
from tests.validation import oracle, record
from tests.validation.models import CompiledTicket, Film, Letter, Ticket
from tests.validation.strict import describe, describe_error

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rows(db):
    Ticket.objects.create(code="taken", row=1, seat=1, price=1)


class OwnForm(forms.ModelForm):
    """Cleans fields of its own, and declares one in its own way."""

    price = forms.CharField(required=False)
    extra = forms.IntegerField(required=False)

    class Meta:
        model = CompiledTicket
        fields = ("code", "row", "price")
        error_messages = {"code": {"max_length": "too long for a form"}}  # noqa: RUF012

    def clean_code(self):
        return self.cleaned_data["code"].lower()

    def clean(self):
        self.instance.email = "set in clean"


def any_text(field, **options):
    """A form field that leaves everything to the model; `unique_for_date` needs a date even if there is none."""
    return field.formfield() if field.name == "day" else forms.CharField(required=False)


FORMS = {
    "all fields": lambda: modelform_factory(CompiledTicket, fields="__all__"),
    "some fields": lambda: modelform_factory(CompiledTicket, fields=["row", "price"]),
    "all but some": lambda: modelform_factory(CompiledTicket, exclude=["email", "day"]),
    "texts alone": lambda: modelform_factory(CompiledTicket, fields="__all__", formfield_callback=any_text),
    "its own": lambda: OwnForm,
    "a letter": lambda: modelform_factory(Letter, fields="__all__"),
}
GOOD = {"code": "abc", "row": "1", "seat": "2", "day": "2024-02-29", "price": "1.50", "email": "a@example.com"}
LETTER = {"created": "2024-02-29 12:00", "subject": "a", "note": "b"}
DATA = {
    "good": {**GOOD, **LETTER},
    "nothing": {},
    "empty": dict.fromkeys([*GOOD, *LETTER], ""),
    "bad": {"code": "toolong", "row": "x", "seat": "-", "day": "2024-02-30", "price": "1.505", "email": "a",
        **dict.fromkeys(LETTER, "toolong")},
    "out of range": {**GOOD, "row": "0", "seat": str(2**70), "price": "10000"},
    "bad together": {**GOOD, "code": "bad"},
    "taken": {**GOOD, "code": "taken"},
    "a seat that is taken": {**GOOD, "row": "1", "seat": "1"},
    "for nothing": {**GOOD, "price": "-1"},
    "blanks": {name: f" {value} " for name, value in GOOD.items()},
    "null characters": {**GOOD, "code": "a\0b"},
    "capitals": {**GOOD, "code": "ABC", "price": "x"},
}  # fmt: skip


def validated(make_form, data, language, patch):
    """All that can be seen of a form after its validation."""
    record.start()
    with translation.override(language), patch:
        form = make_form()(data)
        form.is_valid()
        seen = {
            "errors": {
                name: [describe_error(error) for error in found] for name, found in form.errors.as_data().items()
            },
            "texts": form.errors.get_json_data(),
            "html": str(form.errors),
            "cleaned": describe(form.cleaned_data),
            "instance": oracle.state(form.instance, vars(form.instance)),
        }
    return {**seen, "calls": record.CALLS[:]}


def djangos():
    return mock.patch.object(CompiledModelMixin, "clean_fields", Model.clean_fields)


def ours():
    return contextlib.nullcontext()


@pytest.mark.parametrize("make_form", cases(FORMS))
@pytest.mark.parametrize("data", cases(DATA))
def test_form_validation(make_form, data):
    for language in LANGUAGES[:3]:
        expected, found = (validated(make_form, data, language, patch()) for patch in (djangos, ours))
        for what, value in expected.items():
            assert found[what] == value, what


def test_form_with_a_file():
    class CompiledFilm(CompiledModelMixin, Film):
        class Meta:
            proxy = True
            app_label = "validation"

    def make_form(data):
        return modelform_factory(CompiledFilm, fields=["file", "title"])(data, {"file": upload})

    for name in ("a.txt", "a.exe", "a"):
        upload = SimpleUploadedFile(name, b"x")
        expected, found = (validated(lambda: make_form, {"title": "x"}, "de", patch()) for patch in (djangos, ours))
        for what in ("errors", "texts"):
            assert found[what] == expected[what]


def test_formset_validation():
    """With a row that is like another of the same set."""
    data = {"form-TOTAL_FORMS": "3", "form-INITIAL_FORMS": "0"}
    for n, code in enumerate(("abc", "abc", "toolong")):
        data |= {f"form-{n}-{name}": value for name, value in {**GOOD, "code": code, "seat": str(n + 5)}.items()}
    seen = []
    for patch in (djangos, ours):
        with patch():
            formset = modelformset_factory(CompiledTicket, fields="__all__")(data)
            formset.is_valid()
            seen.append((formset.errors, list(formset.non_form_errors())))
    assert seen[0] == seen[1]
    assert seen[0][1]
    assert seen[0][0][2]
