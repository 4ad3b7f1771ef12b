"""The validators of a field that have no rule in native code, called as Django calls them."""

from typing import Any

from django.core.exceptions import ValidationError


def run_validators(field: Any, value: Any, ruled: frozenset[int]) -> None:
    """Call the validators of a field that have no rule. Native code calls this after all rules accepted the value.

    `ruled` has the `id()` of the others. Source: `django.db.models.fields.Field.run_validators`.
    """
    errors: list[ValidationError] = []
    for validator in field.validators:
        if id(validator) in ruled:
            continue
        try:
            validator(value)
        except ValidationError as error:
            # The words of the field go before those of the validator. An error in dict form has no code.
            if hasattr(error, "code") and error.code in field.error_messages:
                error.message = field.error_messages[error.code]
            errors.extend(error.error_list)
    if errors:
        raise ValidationError(errors)
