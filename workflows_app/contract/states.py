"""The states of a workflow: what is stored, what people read, who has to act next."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from workflows_app.failures import ContractError

from .clocks import After, deadlines
from .former import by_every_name
from .who import Who
from .words import names

_UNSAID: Any = object()
_LONGEST_VALUE = 50


class State(str):
    """One state. It is its stored value, so it compares and filters like a string.

    ``label`` is what people read. ``owner`` is who has to act next and must be said for every
    state that is not final (``None``: at rest, nobody has to act). ``initial`` marks where an
    object begins, ``final`` where it ends, ``cancelled`` the end that stands for withdrawal,
    ``waiting_on`` names the outsider everybody waits for, ``required`` the columns that must be
    filled to enter. ``editable`` lists the columns that the owner may edit here, or gives each role
    its own, ``{role: [...]}``; unsaid, in the initial state it is what Django calls editable but
    for columns that say who holds a role, and elsewhere nothing. ``was`` lists the values that
    earlier releases stored for it, oldest first: rows that stand in one of them are in this state.
    ``deadline`` says how long it may last and what is done then: one ``After`` or a list.
    """

    label: str
    owner: Who | None
    initial: bool
    final: bool
    cancelled: bool
    waiting_on: str
    required: tuple[str, ...]
    editable: Mapping[Who, tuple[str, ...]] | None  # None: nothing was said
    was: tuple[str, ...]
    deadlines: tuple[After, ...]

    def __new__(
        cls,
        value: str,
        label: str,
        *,
        owner: Who | None = _UNSAID,
        initial: bool = False,
        final: bool = False,
        cancelled: bool = False,
        waiting_on: str = "",
        required: Sequence[str] = (),
        editable: Sequence[str] | Mapping[Who, Sequence[str]] | None = None,
        was: Sequence[str] = (),
        deadline: After | Sequence[After] | None = None,
    ) -> "State":
        self = super().__new__(cls, value)
        self.label = label
        self.owner = None if owner is _UNSAID else owner
        self.initial, self.final, self.cancelled = initial, final, cancelled
        self.waiting_on = waiting_on
        self.required = names(f"State {value!r}: required", required)
        self.editable = None if editable is None else _by_role(value, editable, self.owner)
        self.was = names(f"State {value!r}: was", was)
        self.deadlines = deadlines(f"State {value!r}", deadline)
        _refuse_contradictions(self, owner_said=owner is not _UNSAID)
        return self

    def __repr__(self) -> str:
        return f"<State {str(self)!r}>"

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Copied and pickled as what is stored: a declaration exists once."""
        return str, (str(self),)


class States:
    """The closed set of states: subclass it and list them as attributes."""

    by_value: ClassVar[dict[str, State]]
    by_every_value: ClassVar[dict[str, State]]
    initial: ClassVar[State]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "by_value"):
            raise ContractError(f"{cls.__name__}: list all states in one class; extend none.")
        for name, value in vars(cls).items():
            if name.isupper() and not isinstance(value, State):
                raise ContractError(f"{cls.__name__}.{name}: write State(...), not {value!r}.")
        states = [value for value in vars(cls).values() if isinstance(value, State)]
        cls.by_value = {str(state): state for state in states}
        if len(cls.by_value) != len(states):
            raise ContractError(f"{cls.__name__}: two states have the same stored value.")
        cls.by_every_value = by_every_name(f"{cls.__name__}, state", cls.by_value.items())
        cls.initial = _the_only([s for s in states if s.initial], f"{cls.__name__}: initial=True")
        if len([s for s in states if s.cancelled]) > 1:
            raise ContractError(f"{cls.__name__}: mark one state cancelled=True at most.")

    @classmethod
    def all(cls) -> Iterator[State]:
        """Every state, in the order written."""
        return iter(cls.by_value.values())

    @classmethod
    def present(cls, value: str) -> str:
        """What is stored today for a state that a row has under this value."""
        known = cls.by_every_value.get(value)
        return value if known is None else str(known)

    @classmethod
    def every_value(cls, value: str) -> tuple[str, ...]:
        """All values under which rows may be in the state that this value means."""
        state = cls.by_every_value.get(value)
        return (value,) if state is None else (str(state), *state.was)

    @classmethod
    def choices(cls, *, former: bool = False) -> list[tuple[str, str]]:
        """Stored value and label of every state, as Django's ``choices`` wants them.

        ``former``: also what earlier releases stored, under the labels of today.
        """
        states = cls.by_every_value if former else cls.by_value
        return [(value, state.label) for value, state in states.items()]


def _by_role(value: str, given: Any, owner: Who | None) -> dict[Who, tuple[str, ...]]:
    """Whose columns are whose: a plain list is the owner's."""
    what = f"State {value!r}: editable"
    if isinstance(given, Mapping):
        for role in given:
            _refuse_who_cannot_edit(what, role)
        return {role: names(f"{what} by {role}", columns) for role, columns in given.items()}
    columns = names(what, given)
    if columns and not isinstance(owner, Who):
        raise ContractError(
            f"{what}=[...] is what the owner may edit, and nobody owns this state; say who may:"
            " editable={role: [...]}."
        )
    return {owner: columns} if columns and owner is not None else {}


def _refuse_who_cannot_edit(what: str, role: Any) -> None:
    if not isinstance(role, Who):
        raise ContractError(
            f"{what}: write roles themselves as keys, {{role: [...]}}, not {role!r}."
        )
    if role.admits_system:
        raise ContractError(
            f"{what}: only people edit; what the system changes stands in the body of a transition."
        )


def _refuse_contradictions(state: State, *, owner_said: bool) -> None:
    value = str(state)
    for stored in (value, *state.was):
        if not stored or stored == "*" or len(stored) > _LONGEST_VALUE:
            raise ContractError(
                f"State {value!r}: what is stored has 1 to {_LONGEST_VALUE} characters, and is not"
                f" '*'; this is {stored!r}."
            )
    if not state.label:
        raise ContractError(f"State {value!r}: the second argument is what people read.")
    if state.owner is not None and not isinstance(state.owner, Who):
        raise ContractError(f"State {value!r}: owner= takes a role, not {state.owner!r}.")
    if state.final and state.owner is not None:
        raise ContractError(f"State {value!r} is final: nobody has to act, so it has no owner.")
    if not state.final and not owner_said:
        raise ContractError(f"State {value!r}: say owner=, or owner=None if nobody has to act.")
    if state.cancelled and not state.final:
        raise ContractError(f"State {value!r}: cancelled=True is an end; add final=True.")
    if state.initial and state.final:
        raise ContractError(f"State {value!r} cannot be initial and final.")


def _the_only(found: list[State], what: str) -> State:
    if len(found) != 1:
        raise ContractError(f"{what}: mark one state, not {len(found)}.")
    return found[0]
