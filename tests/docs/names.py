"""What the blocks of the documentation may use without importing it: the tutorial's models and a few values.

A block of a page sees what the blocks before it on the page have made. CONTRIBUTING.md lists these names.
"""

import csv
import io
import json
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Count, F, Prefetch
from django.db.models.functions import Upper
from django.http import JsonResponse
from django.test import RequestFactory
from django.urls import path

import pyforge_web
from tests.docs.blog.models import Article, Author, Comment, Country, Tag

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
    names = {
        # Django's, as a settings file or a module of views has them
        "INSTALLED_APPS": ["django.contrib.contenttypes", "django.contrib.auth"],
        "MIDDLEWARE": ["django.middleware.common.CommonMiddleware"],
        "urlpatterns": [],
        "models": models,
        "path": path,
        "User": User,
        "Count": Count,
        "F": F,
        "Prefetch": Prefetch,
        "Upper": Upper,
        "Paginator": Paginator,
        "ValidationError": ValidationError,
        "JsonResponse": JsonResponse,
        "csv": csv,
        "json": json,
        "datetime": datetime,
        # the blog's
        "Article": Article,
        "Author": Author,
        "Comment": Comment,
        "Country": Country,
        "Tag": Tag,
        "article": articles.first(),
        "articles": list(articles.all()),
        "queryset": articles,
        "page": Paginator(articles.all(), 25).page(1),
        "request": make_request(post=True),
        "body": json.dumps(VALID).encode(),
        "file": io.StringIO(CSV),
        "value": {"price": 1.5},
    }
    public = {name: getattr(pyforge_web, name) for name in pyforge_web.__all__ if not name.startswith("_")}
    return {**public, **names, "__name__": "tests.docs.blog.block"}
