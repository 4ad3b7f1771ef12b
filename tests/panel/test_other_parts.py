"""Parts of the panel that few requests show: operations of ninja, large numbers, what is not stored, what is gone."""

import uuid

import pytest
from django.http import JsonResponse
from django.test import RequestFactory
from django.urls import ResolverMatch
from ninja import NinjaAPI, Schema

from pyforge_web.toolbar import display, formats
from pyforge_web.toolbar.display_groups import show_validator
from pyforge_web.toolbar.other_json import _find_author, _find_view
from pyforge_web.toolbar.stat_limits import clip_middle
