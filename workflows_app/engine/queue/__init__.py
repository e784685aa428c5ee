"""The only door to django-q2: waking workers, and the worker itself.

``wake`` is what a transaction calls, ``stopping`` what a drain asks; ``worker`` is the process.
"""

from .crew import stopping
from .wake import wake

__all__ = ["stopping", "wake"]
