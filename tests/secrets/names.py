"""Names and models that the guard must tell apart, and how to make a model of a name."""

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from rest_framework.authtoken.models import Token

SECRET_NAMES = (
    "password",
    "passwd",
    "pwd",
    "user_password",
    "passwordHash",
    "password_hash",
    "hashed_password",
    "password_digest",
    "password_salt",
    "password1",
    "smtp_pass",
    "passphrase",
    "secret",
    "client_secret",
    "clientSecret",
    "otp_secret",
    "secret_key",
    "secretkey",
    "SECRET_VALUE",
    "webhook_secrets",
    "token",
    "auth_token",
    "api_token",
    "authtoken",
    "access_token",
    "refreshToken",
    "oauth2_token",
    "share_token",
    "csrf_token",
    "api_key",
    "apikey",
    "APIKey",
    "api_keys",
    "private_key",
    "ssh_private_key",
    "signing_key",
    "encryption_key",
    "aws_access_key",
    "session_key",
    "signature",
    "hmac_signature",
    "ssn",
    "social_security_number",
    "card_number",
    "credit_card_number",
    "cardNumber",
    "credit_card",
    "cvv",
    "cvv2",
    "cvc",
    "card_cvc",
    "credentials",
    "aws_credentials",
    "recovery_codes",
    "jwt",
    "totp",
    "pin",
    "pin_hash",
    "passw",
    "mfa_code",
    "one_time_code",
    "seed_phrase",
    "hmac_key",
    "tokenV2",
    "sha256Password",
    "éToken",
    "tokenÄlt",
    "ключToken",
    "Passwort",
    "kennwort2",
    "mot_de_passe",
    "motDePasse",
    "contraseñaHash",
    "senha_usuario",
    "hasło",
    "пароль",
    "пользовательПароль",
    "密码",
    "登录_密码",
    "パスワード",
)
HARMLESS_NAMES = (
    "author",
    "authority",
    "keyboard",
    "key",
    "keys",
    "keyword",
    "monkey_name",
    "public_key",
    "primary_key",
    "token_count",
    "token_type",
    "tokenizer",
    "api_key_prefix",
    "passwordless",
    "password_strength",
    "password_changed",
    "passport",
    "passenger",
    "compass",
    "pass_rate",
    "boarding_pass",
    "timecode",
    "motherboard",
    "parole",
    "Übertoken",
    "secretary",
    "secretariat",
    "assignature",
    "signed_by",
    "assessment",
    "session",
    "card",
    "card_type",
    "credit_card_type",
    "masked_card_number",
    "number",
    "hash",
    "content_hash",
    "code",
    "pin_code",
    "pinned",
    "discussion",
    "cv",
    "email",
    "api_url",
    "private",
    "private_notes",
    "credential_type",
)


class SecretSession(AbstractBaseSession):
    """What a project's own session engine has."""

    class Meta:
        app_label = "app"
        abstract = True


class DrfToken(Token):
    """DRF's own, whose class is abstract where its app is not installed."""

    class Meta:
        app_label = "app"
        abstract = True


class KnoxToken(models.Model):
    """As knox.models.AuthToken is."""

    digest = models.CharField(max_length=128, primary_key=True)
    created = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class ApiKeys(models.Model):
    """As djangorestframework-api-key's."""

    key = models.UUIDField()

    class Meta:
        abstract = True


MODELS = {
    "a session": (SecretSession, ("session_key", "session_data")),
    "DRF's token": (DrfToken, ("key",)),
    "knox' token": (KnoxToken, ("digest",)),
    "API keys": (ApiKeys, ("key",)),
}


def make_model(class_name="Made", bases=(models.Model,), app_label="app", /, **fields):
    """Return a model that no table belongs to; call it inside of `isolate_apps`."""
    meta = type("Meta", (), {"app_label": app_label})
    return type(class_name, bases, {"__module__": __name__, "Meta": meta, **fields})
