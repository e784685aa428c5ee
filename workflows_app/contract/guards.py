"""Guards: a plain yes/no about the object, and the reason people see for the no."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflows_app.failures import ContractError, Reason

from .purity import asked_purely
from .words import name, plain_function


@dataclass(frozen=True)
class Guard:
    """A declared guard. Called with the object (and the command, if it takes two)."""

    code: str
    message: str
    function: Callable[..., Any]
    takes_command: bool
    reads: bool = False

    def __call__(self, *args: Any) -> bool:
        """Whether the guard lets it pass."""
        with asked_purely(self.code, self, args[0], reads=self.reads):
            return bool(self.function(*args))

    @property
    def name(self) -> str:
        """The name of the function."""
        return str(self.function.__name__)

    @property
    def reason(self) -> Reason:
        """What people see when it says no."""
        return Reason(self.code, self.message)


def guard(code: str, message: str, *, reads: bool = False) -> Callable[[Callable[..., Any]], Guard]:
    """Declare a guard: ``code`` for programs, ``message`` is the sentence people see for a no.

    The function takes the object, or the object and the command, and changes nothing. One that
    takes the command is asked when the command runs, not for lists of actions. ``reads``: it asks
    the database, once for every object of a list; without it a query inside raises ContractError
    under DEBUG and in tests.
    """
    name("The code of a guard", code)
    if not message:
        raise ContractError(f"Guard {code!r}: say the sentence people see for a no.")
    if not isinstance(reads, bool):
        raise ContractError(f"Guard {code!r}: reads= is True or False, not {reads!r}.")

    def declare(function: Callable[..., Any]) -> Guard:
        arguments = plain_function(f"Guard {code!r} (object, or object and cmd)", function, (1, 2))
        return Guard(code, message, function, takes_command=arguments == 2, reads=reads)

    return declare
