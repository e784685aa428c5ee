"""What support staff sees: the admin of a workflow object, and of the rows behind it."""

from . import rows  # noqa: F401  registers operations, runs and events
from .workflow import WorkflowAdmin

__all__ = ["WorkflowAdmin"]
