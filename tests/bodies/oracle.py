"""What Django does with a payload: it cleans an instance with its values."""

import json

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import translation

from tests.oracle import describe_errors


def describe_in(language, error):
    """A ValidationError as a reader of a language gets it."""
    with translation.override(language):
        return describe_errors(error)


def typed(values):
    return {name: (type(value), repr(value)) for name, value in values.items()}


def ended(call, languages=("en",)):
    """The cleaned values with their types, or what was raised."""
    try:
        return "values", typed(call())
    except ValidationError as error:
        return "errors", [describe_in(language, error) for language in languages]
    except Exception as error:
        return "raised", type(error), str(error)


def django_clean(model, given, accepted, partial=False):
    """What Django makes of values by name or attname: `accepted` are the fields that a document may set."""
    attnames = {field.name: field.attname for field in model._meta.concrete_fields}
    given = {attnames.get(name, name): value for name, value in given.items()}
    instance = model(**given)
    wanted = [
        field
        for field in model._meta.concrete_fields
        if field.name in accepted and (not partial or field.attname in given)
    ]
    instance.clean_fields(exclude={field.name for field in model._meta.fields} - {field.name for field in wanted})
    return {field.attname: getattr(instance, field.attname) for field in wanted}


def as_json(values):
    """The values as they come from a client; None for what JSON has not."""
    try:
        return json.dumps(values, allow_nan=False)
    except (TypeError, ValueError):
        return None


def form_errors(error):
    """A ValidationError as a form keeps it."""
    from django.forms.utils import ErrorDict, ErrorList

    found = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    return ErrorDict({name: ErrorList(leaves) for name, leaves in found.items()})
