"""What support staff sees: the admin of a workflow object, and of the rows behind it."""

from . import messages, rows, timers  # noqa: F401  registers the rows behind the objects
from .workflow import WorkflowAdmin

__all__ = ["WorkflowAdmin"]
