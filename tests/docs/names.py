"""What the blocks of the documentation may use without importing it: a few values of the tutorial's blog.

Everything else a page imports itself, or a reader who copies its blocks gets a NameError. A block sees what the blocks
before it on the page have made. CONTRIBUTING.md lists these names.
"""

import io
import json

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.paginator import Paginator
from django.test import RequestFactory

from tests.docs.blog.models import Article

VALID = {"title": "Hello", "slug": "hello", "price": "9.90", "author": 1}
CSV = "Title,Slug,Author Name\nHello,hello,Ada\nAgain,again,Ben\n"


def make_request(*, post=False, upload=False):
    """Return a request as a client of the blog sends it."""
    requests = RequestFactory()
    if upload:
        return requests.post("/articles/?page=1", {"file": SimpleUploadedFile("articles.csv", CSV.encode())})
    if post:
        return requests.post("/articles/?page=1", json.dumps(VALID), content_type="application/json")
    return requests.get("/articles/", {"page": "1"})


def make_names():
    """Return the names of one page."""
    articles = Article.objects.order_by("pk")
    return {
        "__name__": "tests.docs.blog.block",
        # as a settings file or a module of URLs has them
        "INSTALLED_APPS": ["django.contrib.contenttypes", "django.contrib.auth"],
        "MIDDLEWARE": ["django.middleware.common.CommonMiddleware"],
        "REST_FRAMEWORK": {},
        "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}}],
        "urlpatterns": [],
        # the blog's; a page imports the models
        "article": articles.first(),
        "articles": list(articles.all()),
        "queryset": articles,
        "page": Paginator(articles.all(), 25).page(1),
        "request": make_request(post=True),
        "body": json.dumps(VALID).encode(),
        "file": io.StringIO(CSV),
        "value": {"price": 1.5},
    }
