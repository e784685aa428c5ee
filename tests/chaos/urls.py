"""The one door that the chaos uses: for messages from outside."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("workflows_app.api.urls"))]
