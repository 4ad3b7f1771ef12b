"""The site of `urls.py`, for servers in processes of their own. STREAMS_DATABASES has its databases, as JSON."""

import json
import os

from tests.settings import *  # noqa: F403

DATABASES = {"default": {}, **json.loads(os.environ["STREAMS_DATABASES"])}
ROOT_URLCONF = "tests.streams.urls"
DATABASE_ROUTERS = []
# The tracebacks of failed requests go to the server's log, which test_servers.py shows.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR"}},
}
