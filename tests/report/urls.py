"""A project for the report: endpoints of each kind."""

from django.http import HttpResponse, HttpResponseForbidden, JsonResponse
from django.urls import include, path, re_path
from rest_framework import generics, serializers

from pyforge_web import PyForgeJsonResponse
from tests.app.models import Article, Author


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ("id", "name")


class AuthorList(generics.ListAPIView):
    queryset = Author.objects.all()
    serializer_class = AuthorSerializer


class ChosenList(generics.ListAPIView):
    queryset = Author.objects.all()

    def get_serializer_class(self):
        return AuthorSerializer


def plain(request):
    return JsonResponse(list(Article.objects.values()), safe=False)


def each(request):
    """A query for each row."""
    return JsonResponse({"rows": [{"title": row.title, "author": row.author.name} for row in Article.objects.all()]})


def native(request):
    return PyForgeJsonResponse(Article.objects.all())


def text(request):
    return HttpResponse("text")


def members(request):
    if not request.user.is_authenticated:
        return HttpResponseForbidden()
    return JsonResponse({"name": request.user.get_username() * 100})


def keyed(request):
    if request.headers.get("X-Key") != "a key":
        return HttpResponseForbidden()
    return JsonResponse({"ok": True})


def writes(request):
    """A view that writes: the report rolls it back."""
    Author.objects.create(name="written by a view")
    return JsonResponse({"authors": list(Author.objects.values())})


def broken(request):
    raise LookupError("broken")


def detail(request, pk):
    return JsonResponse({"pk": pk})


urlpatterns = [
    path("plain/", plain),
    path("each/", each),
    path("native/", native),
    path("text/", text),
    path("members/", members),
    path("keyed/", keyed),
    path("writes/", writes),
    path("broken/", broken),
    path("api/", include([path("authors/", AuthorList.as_view()), path("chosen/", ChosenList.as_view())])),
    path("detail/<int:pk>/", detail),
    re_path(r"^old/(?P<pk>\d+)/$", detail),
    path("logout/", plain, name="logout"),
]
