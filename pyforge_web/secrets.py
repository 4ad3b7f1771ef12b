"""Which columns are secret: they are written only where their own name stands in `fields=`.

A column is secret by the whole words of its name (`client_secret`, `passwordHash`), by its model (the `key` of a
token), or because `SENSITIVE_FIELDS` has its exact name. `PUBLIC_FIELDS` takes single columns out.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, cast
from weakref import WeakKeyDictionary

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.signals import setting_changed
from django.db import models
from django.db.models import CompositePrimaryKey, F, Field, GeneratedField, Model, Q
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.conf import get_settings

# One of these words anywhere in a name, also in the plural; at the end, what other languages call a password.
_WORDS = frozenset(
    """
    accesstoken apikey apisecret apitoken authtoken cardnumber clientsecret credential cvc cvv dbpassword hashedpassword
    jwt mnemonic otp passcode passhash passkey passphrase passw passwd password passwordhash privatekey privkey pswd pwd
    refreshtoken secret secretkey sessionkey sessiontoken signature ssn token totp userpassword
    geheimnis kennwort passwort motdepasse contrasena contraseña senha wachtwoord lösenord passord adgangskode salasana
    haslo hasło heslo jelszo jelszó şifre пароль парола 密码 密碼 パスワード 비밀번호
    """.split()  # noqa: SIM905
)
# Two words beside each other; alone, none of them says anything.
_WORD_PAIRS = frozenset(
    tuple(pair.split("_"))
    for pair in """
    access_code access_key activation_code activation_key api_key auth_code auth_key authorization_code backup_code
    card_code card_no card_num card_number card_pin cc_number confirmation_key db_pass encryption_key hashed_key
    hashed_pass hmac_key login_code master_key mfa_code pass_hash pin_hash private_key pw_hash recovery_code
    recovery_key reset_code reset_key security_answer security_code security_stamp seed_phrase session_data session_key
    signing_key smtp_pass social_security user_pass user_pin verification_code
    """.split()  # noqa: SIM905
)
# Whole names that are secret although their words also stand in names that are not (`credit_card_type`, `pin_code`).
_WHOLE_NAMES = frozenset({"creditcard", "credit_card", "debit_card", "mot_de_passe", "one_time_code", "pass", "pin"})
# A name that ends in one of these tells something about a secret, and not the secret: `token_count`, `api_key_prefix`.
_DESCRIBING = frozenset(
    """
    age algorithm at attempts balance change changed cost count created date days decimals disabled duration enabled
    endpoint expiration expired expires expiry header hours iterations length lifetime limit masked minutes name on
    policy prefix price quota required retries scope scopes seconds size status strength supply symbol time total tries
    ttl type updated usage used uses valid verified version
    """.split()  # noqa: SIM905
)
_AMOUNTS = frozenset({"max", "min", "num", "total"})  # of an integer column: `max_token`
# In a model with such a word in its name these columns hold the secret itself: DRF's Token.key, knox' AuthToken.digest.
_TOKEN_MODELS = frozenset({"token", "credential", "secret"})
_TOKEN_COLUMNS = frozenset({"code", "digest", "hash", "key", "value"})
# Columns of well-known applications whose names do not tell.
_KNOWN_COLUMNS = {
    "account.EmailConfirmation": {"key"},
    "invitations.Invitation": {"key"},
    "mfa.Authenticator": {"data"},
    "oauth2_provider.AbstractGrant": {"code"},
    "oauth2_provider.Grant": {"code"},
    "otp_email.EmailDevice": {"key"},
    "otp_hotp.HOTPDevice": {"key"},
    "otp_totp.TOTPDevice": {"key"},
    "social_django.Code": {"code"},
    "social_django.UserSocialAuth": {"extra_data"},
    "socialaccount.SocialApp": {"key"},
}
# Values of these cannot be a secret, whatever the column is called: `has_password`, `token_expires`, `signature_ratio`.
_HARMLESS = (
    models.BooleanField,
    models.DateField,  # and DateTimeField
    models.DecimalField,
    models.DurationField,
    models.FloatField,
    models.TimeField,
)
# The capital letters of Latin, Greek and Cyrillic.
_CAPITAL = "".join(filter(str.isupper, map(chr, range(0x530))))
_WORD_BREAK = re.compile(
    rf"(?<=[^\W\d_])\d+|_+|(?<=[^\W_{_CAPITAL}])(?=[{_CAPITAL}])|(?<=[{_CAPITAL}])(?=[{_CAPITAL}][^\W\d_{_CAPITAL}])"
)

# By model: how many columns it had, and the secret ones. No field is held: a model made at run time can be freed.
_secrets: "WeakKeyDictionary[type[Model], tuple[int, int, tuple[str, ...]]]" = WeakKeyDictionary()


def secret_columns(model: type[Model]) -> tuple[str, ...]:
    """Return the attribute names of the model's secret columns."""
    columns = model._meta.concrete_fields
    known = _secrets.get(model)
    # A model that gets a field gets a new tuple; its address and length are kept, as the tuple would hold the model.
    if known is None or known[:2] != (id(columns), len(columns)):
        names = tuple(field.attname for field in columns if is_secret(field, model))
        known = _secrets[model] = (id(columns), len(columns), names)
    return known[2]


def public_columns(model: type[Model]) -> list[str]:
    """Return the names to write into `fields=` for all columns that are not secret."""
    secrets = secret_columns(model)
    return [field.attname for field in model._meta.concrete_fields if field.attname not in secrets]


def is_secret(field: "Field[Any, Any]", model: type[Model] | None = None) -> bool:
    """Return whether a model field is secret; `model` is the one that is written, where it inherits the field."""
    # First: the project's own word counts more than any rule.
    if _is_public(field, model or field.model):
        return False
    sensitive = get_settings()["SENSITIVE_FIELDS"]
    if field.name in sensitive or field.attname in sensitive:
        return True
    if isinstance(field, models.ForeignKey):
        # A foreign key to a token holds what the token's key holds; any other is no secret, whatever its name.
        return not isinstance(field.remote_field.model, str) and is_secret(field.target_field)
    if isinstance(field, CompositePrimaryKey):
        return any(is_secret(part, model) for part in cast(Any, field).fields)
    value_field = field
    if isinstance(field, GeneratedField):
        value_field = cast(Any, field).output_field
    if isinstance(value_field, _HARMLESS):
        return False
    # As in `fields=`, an expression of a secret column shows something of it, whatever its name.
    if isinstance(field, GeneratedField) and _reads_secret(field, model or field.model):
        return True
    words = _split_words(field.name)
    if isinstance(value_field, models.IntegerField):
        is_amount = words[0] in _AMOUNTS or words[-1] != _singular(words[-1])  # `max_token`, `tokens`
        return not is_amount and _has_secret_words(words)
    # Models made by inspectdb or renamed later keep the telling name in `db_column` alone.
    return (
        _has_secret_words(words)
        or _has_secret_words(_split_words(field.db_column or ""))
        or _is_known_column(field.name, model or field.model)
    )


def expression_names(expression: Any) -> Iterator[str]:
    """Yield the paths of all fields that an expression reads."""
    work: list[Any] = [expression]
    while work:
        part: Any = work.pop()
        if isinstance(part, F):
            yield cast(Any, part).name
        elif isinstance(part, Q):
            for child in part.children:
                if isinstance(child, tuple):
                    yield child[0]
                    work.append(child[1])
                else:
                    work.append(child)
        elif isinstance(part, list | tuple | set | frozenset):  # what `IN` compares with
            work.extend(part)
        elif hasattr(part, "get_source_expressions"):
            work.extend(part.get_source_expressions())
            # A lookup names an `F` on its right side no source expression.
            work.extend(getattr(part, name, None) for name in ("condition", "rhs"))


def _reads_secret(field: Any, model: type[Model]) -> bool:
    """Return whether the expression of a generated column reads a secret column."""
    columns = {name: column for column in model._meta.concrete_fields for name in (column.name, column.attname)}
    names = {name.split(LOOKUP_SEP)[0] for name in expression_names(field.expression)}
    return any(name in columns and is_secret(columns[name], model) for name in names - {field.name})


def is_secret_name(name: str) -> bool:
    """Return whether a name alone, such as a key of a dict, is one of a secret."""
    return name in get_settings()["SENSITIVE_FIELDS"] or _has_secret_words(_split_words(name))


def is_secret_descriptor(label: str, name: str) -> bool:
    """Return whether a descriptor's column is secret, by its name alone where its model is not installed."""
    try:
        model = apps.get_model(label)
        field = model._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return is_secret_name(name)
    return isinstance(field, Field) and is_secret(field, model)


def find_secret_fields() -> Iterator["Field[Any, Any]"]:
    """Yield the secret fields of all installed models, each once, with the model that has its column."""
    for model in apps.get_models():
        # A proxy has no columns of its own.
        if not model._meta.proxy:
            yield from (field for field in model._meta.local_concrete_fields if is_secret(field))


def find_unknown_public_fields() -> list[str]:
    """Return the entries of `PUBLIC_FIELDS` that name no column of an installed model."""
    return [path for path in get_settings()["PUBLIC_FIELDS"] if not _exists(path)]


def _exists(path: str) -> bool:
    label, _, name = path.rpartition(".")
    try:
        columns = apps.get_model(label)._meta.concrete_fields
    except (LookupError, ValueError):
        return False
    return any(name in (field.name, field.attname) for field in columns)


def _is_public(field: "Field[Any, Any]", model: type[Model]) -> bool:
    public = get_settings()["PUBLIC_FIELDS"]
    labels = {model._meta.label_lower, field.model._meta.label_lower}
    names = (field.name, field.attname)
    return bool(public) and any(
        label.lower() in labels and name in names for label, _, name in (path.rpartition(".") for path in public)
    )


def _split_words(name: str) -> list[str]:
    """Return the words of a name in lower case, without numbers: `APIKey2` gives `api` and `key`."""
    return [word.lower() for word in _WORD_BREAK.split(name) if word and not word.isdigit()] or [""]


def _has_secret_words(words: list[str]) -> bool:
    if words[-1] in _DESCRIBING or "masked" in words:
        return False
    singular = [_singular(word) for word in words]
    return (
        not _WORDS.isdisjoint(singular)
        or not _WORD_PAIRS.isdisjoint(pairwise(singular))
        or "_".join(words) in _WHOLE_NAMES
    )


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _is_known_column(name: str, model: type[Model]) -> bool:
    """Return whether the column of a model holds a secret although its name does not say so."""
    # A project's own Token that inherits from DRF's has its columns.
    for base in model.__mro__:
        options = getattr(base, "_meta", None)
        if options is None:
            continue
        if name in _KNOWN_COLUMNS.get(options.label, ()):
            return True
        if name in _TOKEN_COLUMNS and _is_token_model(_split_words(base.__name__)):
            return True
    return False


def _is_token_model(words: list[str]) -> bool:
    singular = [_singular(word) for word in words]
    return words[-1] not in _DESCRIBING and (
        not _TOKEN_MODELS.isdisjoint(singular) or ("api", "key") in pairwise(singular)
    )


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting == "PYFORGE_WEB":
        _secrets.clear()


setting_changed.connect(_forget, dispatch_uid="pyforge_web.secrets")
