"""Routes of the benchmarks: the guarded API, and the unguarded one beside it."""

from django.urls import include, path
from rest_framework.authentication import TokenAuthentication

from demo_project.claims.models import Claim
from workflows_app.api import WorkflowRouter, WorkflowViewSet


class ClaimViewSet(WorkflowViewSet):
    queryset = Claim.objects.all()
    authentication_classes = [TokenAuthentication]


router = WorkflowRouter()
router.register("claims", ClaimViewSet, basename="claim")

urlpatterns = [
    path("api/v1/", include("workflows_app.api.urls")),
    path("api/v1/", include(router.urls)),
    path("unguarded/", include("tests.bench.baseline.urls")),
]
