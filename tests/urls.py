"""Routes of the test suite: the API of the test apps, and the admin."""

from django.contrib import admin
from django.urls import include, path

from workflows_app.api import WorkflowRouter

from .orders.views import OrderViewSet
from .testapp.views import (
    CrateViewSet,
    DomainViewSet,
    GemViewSet,
    LeadViewSet,
    ParcelViewSet,
    ProductViewSet,
    SeatViewSet,
    TripViewSet,
)

router = WorkflowRouter()
router.register("parcels", ParcelViewSet)
router.register("crates", CrateViewSet, basename="chest")
router.register("leads", LeadViewSet)
router.register("domains", DomainViewSet)
router.register("trips", TripViewSet)
router.register("seats", SeatViewSet)
router.register("products", ProductViewSet)
router.register("gems", GemViewSet)
router.register("orders", OrderViewSet)

urlpatterns = [
    path("api/v1/", include(router.urls)),
    path("api/v1/", include("workflows_app.api.urls")),
    path("admin/", admin.site.urls),
]
