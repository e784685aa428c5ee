"""The routes of every project: its orders, the operations, the admin."""

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from workflows_app.api import WorkflowRouter, WorkflowViewSet


class OrderViewSet(WorkflowViewSet):
    queryset = apps.get_model("shop.Order").objects.all()


router = WorkflowRouter()
router.register("orders", OrderViewSet)

urlpatterns = [
    path("api/v1/", include(router.urls)),
    path("api/v1/", include("workflows_app.api.urls")),
]

if apps.is_installed("django.contrib.admin"):
    urlpatterns.append(path("admin/", admin.site.urls))

urlpatterns += getattr(settings, "MORE_URLS", [])
