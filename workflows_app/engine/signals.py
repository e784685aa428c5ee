"""Signals of the engine: what became of a command, a guard and an attempt, told where it is known.

They are for whoever watches, as the kit for tests does. With nobody connected they cost nothing.
"""

from django.dispatch import Signal

#: A command was accepted, one of the contract's, an edit or an operator's decision; its rows are
#: written and its transaction is open. The sender is the model; ``operation``, and ``effects``:
#: those its transition asks for.
command_accepted = Signal()

#: A guard was asked for a command. The sender is the model; ``guard``, ``answer``: yes or no.
guard_answered = Signal()

#: A run waits for the outside, or is in doubt; that is committed. ``run``, ``effect``,
#: ``using``. It may be lost in a crash: whoever hears it also looks by himself.
run_waits = Signal()

#: An attempt of an effect was made, and is about to be settled. ``run``, ``effect``, ``answer``.
attempt_answered = Signal()
