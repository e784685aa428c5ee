"""Claims over HTTP: every transition of the contract is a command."""

from typing import Any

from django.db.models import Model
from rest_framework.serializers import ModelSerializer

from workflows_app.api import WorkflowViewSet

from .models import Claim


class ClaimSerializer(ModelSerializer[Claim]):
    """The columns of a claim; what commands write is read only."""

    class Meta:
        model = Claim
        fields = ("id", "claimant", "title", "iban", "documents", "payout", "rejection")
        read_only_fields = ("claimant", "payout", "rejection")


class ClaimViewSet(WorkflowViewSet):
    """``/claims/``."""

    queryset = Claim.objects.all()
    serializer_class = ClaimSerializer

    def new(self, **columns: Any) -> Model:
        """Whoever creates a claim is its claimant."""
        return super().new(claimant=self.request.user, **columns)
