"""No address: what the browsable API asks for."""

urlpatterns = []
