"""Orders over HTTP."""

from workflows_app.api import WorkflowViewSet

from .models import Order


class OrderViewSet(WorkflowViewSet):
    """Orders over HTTP: their commands end and undo what earlier ones asked for."""

    queryset = Order.objects.all()
