"""Routes of many forms, each to the same key."""

from django.urls import include, path, re_path, register_converter
from django.urls.converters import IntConverter

from tests.rest_framework.urls import show


class Doubled(IntConverter):
    """A converter of a project."""

    def to_url(self, value):
        return str(2 * int(value))


register_converter(Doubled, "doubled")
inner = [path("things/<int:pk>/", show, name="inner")]
urlpatterns = [
    path("int/<int:pk>/", show, name="int"),
    path("str/<str:pk>/", show, name="str"),
    path("slug/<slug:pk>/", show, name="slug"),
    path("path/<path:pk>/", show, name="path"),
    path("doubled/<doubled:pk>/", show, name="doubled"),
    path("à %/<int:pk>/é", show, name="escaped"),
    path("<str:pk>/", show, name="first"),
    re_path(r"^router/(?P<pk>[^/.]+)/$", show, name="router"),
    re_path(r"^short/(?P<pk>[0-9])/$", show, name="short"),
    re_path(r"^other/(?P<pk>[a-c5-9]+)$", show, name="other"),
    path("two/<int:pk>/a/", show, name="two"),
    path("two/<int:pk>/b/", show, name="two"),
    path("918273645546372819/<int:pk>/pyforge-sample-918273645", show, name="sample"),
    path("more/<int:pk>/", show, {"extra": 1}, name="defaults"),
    path("kwarg/<int:number>/", show, name="kwarg"),
    path("format/<int:pk>.<str:format>", show, name="format"),
    path("space/", include((inner, "app"), namespace="space")),
    path("v1/", include((inner, "app"), namespace="v1")),
    path("<str:version>/versioned/<int:pk>/", show, name="versioned"),
]
