"""The middleware switched on, and a list of what its signal has said."""

import threading
from dataclasses import dataclass, field

import pytest

from pyforge_web.middleware import PyForgeMiddleware
from pyforge_web.signals import request_metered

MIDDLEWARE = "pyforge_web.middleware.PyForgeMiddleware"
SITE = {
    "ROOT_URLCONF": "tests.metering.urls",
    "MIDDLEWARE": [MIDDLEWARE],
    "DEBUG": True,
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "metering"}},
}


@dataclass
class Heard:
    """The signals, in their order."""

    signals: list = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def receive(self, sender, **said):
        assert sender is PyForgeMiddleware
        assert set(said) == {"signal", "request", "response", "collector"}
        with self._arrived:
            self.signals.append(said)
            self._arrived.notify_all()

    def wait(self, count=1):
        """The collectors of so many requests, which must come within some seconds, and no more."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.signals) >= count, 15), f"{len(self.signals)} of {count}"
            return [said["collector"] for said in self.signals]

    @property
    def only(self):
        """The collector of the one request that there was."""
        (said,) = self.signals
        assert said["request"].pyforge is said["collector"]
        return said["collector"]


@pytest.fixture
def heard():
    heard = Heard()
    request_metered.connect(heard.receive)
    yield heard
    request_metered.disconnect(heard.receive)


@pytest.fixture
def site(settings):
    """The tests' views behind the middleware, in this process."""
    for name, value in SITE.items():
        setattr(settings, name, value)
    return settings
