"""The scenario: an object in a state, when somebody commands, then what must be true."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from workflows_app.contract.data import as_json
from workflows_app.contract.registry import contract_of
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.failures import Refused
from workflows_app.models import EffectRun, Event, EventKind, Operation
from workflows_app.models.identity import object_id_of

#: What an expectation is when the test says nothing about it.
UNSAID: Any = object()


class Scenario:
    """One object, what is done with it, and what is looked at."""

    def __init__(self, subject: Any) -> None:
        #: The object; for a scenario of a model, the one its first command creates.
        self.obj: Any = None if isinstance(subject, type) else subject
        #: The operation of the last command.
        self.operation: Operation | None = None
        self._seen: set[Any] = set()
        if self.obj is not None:
            self._seen = {fact.pk for fact in (*self._operations(), *self._events())}

    def when(self, command: Any, **given: Any) -> "Scenario":
        """Somebody gives a command: ``when(claim.approve, by=rita, data={...})``.

        Takes what ``execute()`` takes and raises what it raises; see ``refused()``.
        """
        self.operation = execute(command, **given)
        if self.obj is None:
            contract = contract_of(command._django_fsm.field.model)
            self.obj = contract.model._base_manager.get(pk=self.operation.object_id)
        return self

    def then(
        self,
        *,
        state: Any = UNSAID,
        version: int = UNSAID,
        effects: Sequence[str] | Mapping[str, Mapping[str, Any]] = UNSAID,
        runs: Mapping[str, str] = UNSAID,
        operations: Sequence[str] = UNSAID,
        events: Sequence[str] = UNSAID,
        **columns: Any,
    ) -> "Scenario":
        """What must be true now; an AssertionError shows the object's timeline.

        ``effects``: what the last command asked for, by name, in order; as a mapping, with members
        that must be in their frozen data. ``runs``: the state of the latest run of an effect.
        ``operations`` and ``events``: what has happened since the scenario began or since the last
        ``then()``: names of transitions, and ``"pay_out: retry"``. Anything else is a column.
        """
        self.obj.refresh_from_db()
        contract = contract_of(self.obj)
        found: dict[str, tuple[Any, Any]] = {
            "state": (_text(state), contract.state_of(self.obj)),
            "version": (version, self.obj.version),
            "effects": (effects if effects is UNSAID else list(effects), self._effects()),
            "runs": (runs, {name: self.run_of(name).state for name in _names(runs)}),
            "operations": (operations, [one.transition for one in self._fresh_operations()]),
            "events": (events, [_told(event) for event in self._fresh_events()]),
        }
        found |= {name: (value, getattr(self.obj, name)) for name, value in columns.items()}
        faults = [
            f"{name} is {is_!r}, not {expected!r}."
            for name, (expected, is_) in found.items()
            if expected is not UNSAID and expected != is_
        ]
        faults += self._wrong_data(effects)
        if faults:
            raise AssertionError(self.explained(" ".join(faults)))
        self._seen |= {fact.pk for fact in (*self._operations(), *self._events())}
        return self

    def run_of(self, effect: str) -> EffectRun:
        """The latest run of an effect; AssertionError if it was never asked for."""
        runs = [run for run in self._runs() if run.effect == effect]
        if not runs:
            raise AssertionError(self.explained(f"Effect {effect} was never asked for."))
        return runs[-1]

    def explained(self, fault: str) -> str:
        """A fault, and how the object came to where it stands."""
        return "\n".join([f"{self.obj!r}: {fault}", *story_of(self.obj)])

    def _effects(self) -> list[str]:
        if self.operation is None:
            return []
        return [run.effect for run in self._runs() if run.operation_id == self.operation.pk]

    def _wrong_data(self, effects: Any) -> list[str]:
        if not isinstance(effects, Mapping) or list(effects) != self._effects():
            return []
        wrong = []
        for name, members in effects.items():
            data = self.run_of(name).data
            wrong += [
                f"{name}'s data has {f'{key} {data[key]!r}' if key in data else f'no {key}'},"
                f" not {value!r}."
                for key, value in as_json(dict(members)).items()
                if key not in data or data[key] != value
            ]
        return wrong

    def _fresh_operations(self) -> list[Operation]:
        return [one for one in self._operations() if one.pk not in self._seen]

    def _fresh_events(self) -> list[Event]:
        return [one for one in self._events() if one.pk not in self._seen]

    def _operations(self) -> list[Operation]:
        return list(Operation.objects.filter(**self._mine()).order_by("version"))

    def _events(self) -> list[Event]:
        events = Event.objects.filter(**self._mine()).select_related("run")
        return list(events.order_by("at", "id"))

    def _runs(self) -> list[EffectRun]:
        return list(EffectRun.objects.of(**self._mine()))

    def _mine(self) -> dict[str, str]:
        contract = contract_of(self.obj)
        return {"object_type": contract.object_type, "object_id": object_id_of(self.obj)}


def scenario(subject: Any) -> Scenario:
    """A scenario about an object, ``scenario(claim)``, or about one to be created: of its model."""
    return Scenario(subject)


@contextmanager
def refused(kind: type[Refused] = Refused, *, code: str | None = None) -> Iterator[list[Refused]]:
    """The commands in this block are refused: ``with refused(GuardFailed, code="no_account"):``.

    ``code``: the code of the refusal or of one of its reasons. The list it gives holds the
    refusal afterwards. Raises AssertionError where nothing was refused, or for another reason.
    """
    held: list[Refused] = []
    try:
        yield held
    except Refused as refusal:
        codes = {refusal.code, *(reason.code for reason in refusal.reasons)}
        if not isinstance(refusal, kind) or (code is not None and code not in codes):
            said = f"{type(refusal).__name__} {sorted(codes)}: {refusal.detail}"
            wanted = f"{kind.__name__}{f' [{code!r}]' if code else ''}"
            raise AssertionError(f"Refused otherwise than as {wanted}: {said}") from refusal
        held.append(refusal)
    else:
        raise AssertionError(f"Nothing was refused; expected was {kind.__name__}.")


def story_of(obj: Any) -> list[str]:
    """The object's timeline and its runs, a line each."""
    lines = [f"  {entry['at']}  {entry['text']}" for entry in timeline(obj).entries]
    runs = EffectRun.objects.of(contract_of(obj).object_type, object_id_of(obj))
    return [*lines, *(f"  {run.effect}: {_standing(run)}" for run in runs)]


def _standing(run: EffectRun) -> str:
    code = f", {run.failure['code']}" if run.failure else ""
    then = f"; next {run.due:%Y-%m-%d %H:%M:%S}" if run.due else ""
    return f"{run.state} after {run.attempts} attempts{code}{then}"


def _told(event: Event) -> str:
    what = event.data["outcome"] if event.kind == EventKind.ATTEMPT else event.kind
    return f"{event.run.effect}: {what}" if event.run else str(event.kind)


def _names(given: Any) -> list[str]:
    return [] if given is UNSAID else list(given)


def _text(state: Any) -> Any:
    return state if state is UNSAID else str(state)
