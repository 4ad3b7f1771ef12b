"""Django's answer in plain Python: instances, `select_related` and `prefetch_related`, made into dicts by attribute."""

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import FileField, Model, Prefetch, prefetch_related_objects

ONE, MANY = "one", "many"


def expected(queryset, fields):
    """The rows of a QuerySet with these fields; relations to one are joined, those to many prefetched."""
    if queryset.query.combinator:
        return fetched(list(queryset), fields)
    joined, prefetched = [], []
    lookups(queryset.model, fields, (), joined, prefetched, renamed(queryset), ())
    if joined:
        queryset = queryset.select_related(*joined)
    given = {
        lookup.prefetch_to if isinstance(lookup, Prefetch) else lookup for lookup in queryset._prefetch_related_lookups
    }
    return dicts(list(queryset.prefetch_related(*(name for name in prefetched if name not in given))), fields)


def renamed(queryset):
    """The paths that are answered by a `Prefetch` of the QuerySet, or of one of its `Prefetch`es."""
    found = set()
    for lookup in queryset._prefetch_related_lookups:
        if isinstance(lookup, Prefetch):
            if lookup.queryset is not None or lookup.to_attr:
                found.add(lookup.prefetch_to)
            if lookup.queryset is not None:
                found |= {f"{lookup.prefetch_to}__{inner}" for inner in renamed(lookup.queryset)}
    return found


def lookups(model, fields, path, joined, prefetched, given, queried):
    """What loads the fields: names for `select_related` and `prefetch_related`.

    `queried` is the path to join from, of the query's names; None where none can be joined.
    """
    for name, inner in relations(fields):
        here = (*path, name)
        lookup = "__".join(here)
        if lookup in given:
            lookups(None, inner, here, joined, prefetched, given, None)
            continue
        inherited = model and getattr(getattr(model, name), "related", None) not in (None, *model._meta.related_objects)
        if queried is None or kind(model, name) == MANY or inherited:
            prefetched.append(lookup)
            onwards = None
        else:
            descriptor = getattr(model, name)
            onwards = (*queried, descriptor.related.name if hasattr(descriptor, "related") else name)
            joined.append("__".join(onwards))
        lookups(model and related_model(model, name), inner, here, joined, prefetched, given, onwards)


def relations(fields):
    for item in fields:
        if isinstance(item, dict):
            yield from item.items()


def kind(model, name):
    return MANY if hasattr(getattr(model, name), "related_manager_cls") else ONE


def related_model(model, name):
    descriptor = getattr(model, name)
    if hasattr(descriptor, "related_manager_cls"):
        rel = descriptor.rel
        if getattr(rel.field, "many_to_many", False):
            return rel.related_model if descriptor.reverse else rel.model
        return rel.model if type(descriptor).__name__ == "ReverseGenericManyToOneDescriptor" else rel.related_model
    return descriptor.related.related_model if hasattr(descriptor, "related") else descriptor.field.related_model


def dicts(instances, fields):
    return [as_dict(instance, fields) for instance in instances]


def as_dict(instance, fields):
    row = {}
    for item in fields:
        if isinstance(item, dict):
            for name, inner in item.items():
                row[name] = related(instance, name, inner)
        else:
            row[item] = value(instance, item)
    return row


def related(instance, name, fields):
    try:
        found = getattr(instance, name)
    except ObjectDoesNotExist:
        return None
    if found is None or isinstance(found, Model):
        return found and as_dict(found, fields)
    return dicts(found if isinstance(found, list) else found.all(), fields)


def value(instance, name):
    names = {each: field for field in instance._meta.concrete_fields for each in (field.name, field.attname)}
    if name not in names:
        return getattr(instance, name)
    found = getattr(instance, names[name].attname)
    return found.name if isinstance(names[name], FileField) else found


def fetched(instances, fields):
    """The same for instances in memory."""
    prefetched = []
    lookups(type(instances[0]), fields, (), [], prefetched, set(), None)
    prefetch_related_objects(instances, *prefetched)
    return dicts(instances, fields)
