"""Routes of all sorts: each converter, two under one name, in namespaces, in a language, behind a value."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path, register_converter


class HexConverter:
    regex = "[0-9a-f]+"

    def to_python(self, value):
        return int(value, 16)

    def to_url(self, value):
        return f"{value:x}"


register_converter(HexConverter, "output_hex")


def show(request, **arguments):
    raise NotImplementedError


inner = (
    [path("x/<int:pk>/", show, name="detail"), path("y/<slug:slug>", show, name="slug")],
    "inner",
)
urlpatterns = [
    path("int/<int:pk>/", show, name="int"),
    path("slug/<slug:slug>/", show, name="slug"),
    path("str/<str:name>/", show, name="str"),
    path("uuid/<uuid:key>/", show, name="uuid"),
    path("path/<path:name>", show, name="path"),
    path("hex/<output_hex:pk>/", show, name="hex"),
    path("é ü/<int:pk>/ß/", show, name="quoted"),
    path("two/<int:pk>/", show, name="two"),
    path("two/<str:name>/of/<int:pk>/", show, name="two"),
    path("same/<int:pk>/", show, name="same"),
    path("same/<str:pk>/", show, name="same"),
    path("kind/<int:pk>/", show, {"kind": "a"}, name="with-default"),
    path("constant/<str:kind>/<int:pk>/", show, name="constant"),
    path("nothing/", show, name="nothing"),
    re_path(r"^re/(?P<pk>[0-9]{1,2})/$", show, name="re"),
    path("apps/", include(inner, namespace="first")),
    path("behind/<int:outer>/", include(inner, namespace="second")),
    *i18n_patterns(path("language/<int:pk>/", show, name="language")),
    path("<path:name>", show, name="root"),
]
