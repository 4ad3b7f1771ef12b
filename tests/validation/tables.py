"""Models made of a table of fields: a class for each row, each in a registry of its own."""

from django.apps.registry import Apps
from django.db import models
from django.db.models.base import ModelState

from pyforge_web.validators import CompiledModelMixin


def model_of(**attributes):
    """A new model; its fields and methods by name."""
    bases = attributes.pop("bases", (models.Model,))
    meta = {"app_label": "validation_tables", "apps": Apps(), **attributes.pop("meta", {})}
    body = {"__module__": __name__, "Meta": type("Meta", (), meta), **attributes}
    return type("Row", bases, body)


def twin_of(model):
    """The same fields, the very objects, under the mixin."""
    return model_of(bases=(CompiledModelMixin, model), meta={"proxy": True})


def maker(model):
    """A function: an instance whose field `value` has what `make` gives, set as a form or a loader would set it."""
    template = dict(vars(model()))
    del template["_state"]
    attname = model._meta.get_field("value").attname

    def instance(make):
        made = model.__new__(model)
        made._state = ModelState()
        vars(made).update(template)
        setattr(made, attname, make())
        return made

    return instance
