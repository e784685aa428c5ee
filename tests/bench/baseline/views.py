"""PATCH /claims/{id}/ as the framework's tutorials write it."""

from rest_framework import mixins, permissions, serializers, viewsets
from rest_framework.authentication import TokenAuthentication

from .models import Claim


class ClaimSerializer(serializers.ModelSerializer):
    class Meta:
        model = Claim
        fields = "__all__"


class ClaimViewSet(mixins.RetrieveModelMixin, mixins.UpdateModelMixin, viewsets.GenericViewSet):
    queryset = Claim.objects.all()
    serializer_class = ClaimSerializer
    authentication_classes = [TokenAuthentication]
    permission_classes = [permissions.DjangoModelPermissions]
