"""The API of the test app."""

from rest_framework import serializers

from workflows_app.api import WorkflowViewSet

from .models import Crate, Domain, Gem, Lead, Parcel, Product, Seat, Trip


class ParcelSerializer(serializers.ModelSerializer):
    """What a new parcel may bring, and what is shown of one."""

    class Meta:
        model = Parcel
        fields = ["id", "sender", "title", "address", "grams", "tracking", "status", "version"]
        read_only_fields = ["sender", "tracking"]


class ParcelViewSet(WorkflowViewSet):
    """Parcels over HTTP."""

    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer

    def new(self, **columns):
        """A parcel is its creator's."""
        return super().new(sender=self.request.user, **columns)


class CrateViewSet(WorkflowViewSet):
    """Crates over HTTP, with nothing said but which."""

    queryset = Crate.objects.all()


class LeadViewSet(WorkflowViewSet):
    """Leads over HTTP: one command creates them."""

    queryset = Lead.objects.all()


class DomainViewSet(WorkflowViewSet):
    """Domains over HTTP: several commands create them."""

    queryset = Domain.objects.all()


class TripViewSet(WorkflowViewSet):
    """Trips over HTTP: their commands reach their seats."""

    queryset = Trip.objects.all()


class SeatViewSet(WorkflowViewSet):
    """Seats over HTTP."""

    queryset = Seat.objects.all()


class ProductViewSet(WorkflowViewSet):
    """Products over HTTP: two workflows, and a command of two declarations."""

    queryset = Product.objects.all()


class GemViewSet(WorkflowViewSet):
    """Gems over HTTP: the second of their workflows creates them."""

    queryset = Gem.objects.all()
