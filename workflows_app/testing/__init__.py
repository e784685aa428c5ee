"""The kit to test a workflow with. Nothing that ships imports it."""

from .given import at

__all__ = ["at"]
