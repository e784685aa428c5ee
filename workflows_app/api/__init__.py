"""HTTP: a view set and a router for workflow models, and problems everywhere under the prefix."""

from .problems import exception_handler
from .router import WorkflowRouter
from .views import WorkflowViewSet

__all__ = ["WorkflowRouter", "WorkflowViewSet", "exception_handler"]
