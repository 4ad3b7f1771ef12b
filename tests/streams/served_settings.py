"""The site of `urls.py`, for servers in processes of their own. STREAMS_DATABASES has its databases, as JSON."""

import json
import os

from tests.settings import *  # noqa: F403

DATABASES = {"default": {}, **json.loads(os.environ["STREAMS_DATABASES"])}
ROOT_URLCONF = "tests.streams.urls"
DATABASE_ROUTERS = []
