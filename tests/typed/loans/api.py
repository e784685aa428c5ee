"""The API of loans."""

from typing import Any

from django.urls import include, path

from workflows_app.api import WorkflowRouter, WorkflowViewSet

from .models import Loan


class LoanViewSet(WorkflowViewSet):
    """Loans, with their commands."""

    queryset = Loan.objects.all()

    def new(self, **columns: Any) -> Any:
        """Whoever asks is the reader."""
        return super().new(reader=self.request.user, **columns)


router = WorkflowRouter()
router.register("loans", LoanViewSet)
urlpatterns = [path("", include(router.urls)), path("", include("workflows_app.api.urls"))]
