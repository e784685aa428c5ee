"""One object, and what becomes of it while anybody does anything."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from hypothesis import note

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.transitions import Transition
from workflows_app.engine import execute
from workflows_app.failures import KeyReused, Refused
from workflows_app.models import Operation
from workflows_app.models.identity import object_id_of
from workflows_app.testing.cast import newcomer, somebody_for
from workflows_app.testing.clock import frozen_clock
from workflows_app.testing.outside import open_runs, tell
from workflows_app.testing.promises import broken_promises
from workflows_app.testing.samples import sample_object
from workflows_app.testing.script import scripted
from workflows_app.testing.work import drain

from .refusals import is_right, may
from .world import THE_SYSTEM, WHO_MAY, World
from .written import Written, all_written_of

RIGHT = "as it should be"


@dataclass(frozen=True)
class Accepted:
    """A command that was accepted, as it was sent."""

    operation: Operation
    name: str
    by: Any
    data: Any
    key: str


class Story:
    """One object, and what becomes of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.accepted: list[Accepted] = []
        self.obj: Any = None
        self.count = 0
        self._end = ExitStack()

    def begin(self) -> None:
        """Open a savepoint; everything is forgotten with it."""
        if not transaction.get_connection(self.world.using).in_atomic_block:
            raise RuntimeError("explore() forgets by rolling back: use `db`, or a TestCase.")
        savepoint = transaction.savepoint(using=self.world.using)
        self._end.callback(transaction.savepoint_rollback, savepoint, using=self.world.using)
        self.clock = self._end.enter_context(frozen_clock())
        self.cast: dict[str, Any] = {**self.world.given, THE_SYSTEM: SYSTEM}
        self.obj = self._new()
        self.stale = self._fresh()

    def forget(self) -> None:
        self._end.close()

    def command(self, name: str, who: str, data: str, seen: str) -> None:
        """Somebody tries a transition, allowed or not; a refusal has a reason and no effect."""
        transition = self.world.contract.transitions[name]
        obj = self._fresh()
        by = self._person(who, transition, obj)
        if by is SYSTEM and name in self.world.followed:
            return  # that is the worker's, when the effect has ended
        brought = {RIGHT: self.world.data(transition), "nothing": {}, "odd": {"?": 1}}
        version = {"not said": None, "now": obj.version, "before": obj.version - 1}[seen]
        self.count += 1
        sent = {"by": by, "data": brought[data], "key": f"story-{self.count}"}
        before = self._everything()
        note(f"# {name} by {by}, data {data}, version {seen}, at version {obj.version}")
        try:
            operation = execute(getattr(obj, name), version=version, **sent)
        except Refused as refusal:
            _must(self._everything() == before, f"{name} was refused, and something was written.")
            right = is_right(refusal, transition, by, version, self._fresh())
            _must(right, f"refused wrongly: {refusal!r}")
        else:
            _must(version in (None, operation.version - 1), f"{name} was stale and accepted.")
            _must(may(transition, by, before.obj), f"{name} was accepted from {who}.")
            self.accepted.append(Accepted(operation, name, **sent))

    def go_on(self, which: int) -> None:
        """A step further, so that stories come to the later states."""
        contract, state = self.world.contract, self.world.contract.state_of(self._fresh())
        moves = [t.name for t in contract.transitions.values() if state in t.sources]
        if moves:
            name = moves[which % len(moves)]
            self.prepare(name)
            self.command(name, WHO_MAY, RIGHT, "now")

    def prepare(self, name: str) -> None:
        example = self.world.example(name)
        rows = self.world.model._base_manager.using(self.world.using).filter(pk=self.obj.pk)
        if example.columns:
            rows.update(**example.columns)
        if example.before:
            example.before(rows.get())

    def send_again(self, which: int, *, other: bool) -> None:
        """A key stands for one request, for ever."""
        one = self.accepted[which % len(self.accepted)]
        data = {**(one.data or {}), "?": 2} if other else one.data
        before = self._everything()
        command = getattr(self._fresh(), one.name)
        try:
            again = execute(command, by=one.by, data=data, key=one.key)
        except KeyReused:
            _must(other, f"{one.name} was sent again, and its key was refused.")
        else:
            _must(not other, f"{one.name} with other data was answered under a key that was used.")
            _must(again.replayed and again.pk == one.operation.pk, f"{one.name} ran a second time.")
        _must(self._everything() == before, "a key that was used has written something.")

    def work(self, ending: str) -> None:
        """Every effect that can ends so; the others are done."""
        effects = self.world.contract.effects.values()
        answers = {e.name: self.world.answer(e, ending) for e in effects}
        answers |= {e.probe.__name__: self.world.answer(e, ending) for e in effects if e.probe}
        with scripted({}, **answers):
            drain()

    def tell(self, ending: str) -> None:
        """A message settles what waits or is in doubt."""
        contract = self.world.contract
        run = open_runs(contract.object_type, object_id_of(self._fresh())).first()
        effect = run and contract.effect_named(run.effect)
        if effect is not None and ending != "the worker dies":
            note(f"# the outside says of {run.effect}: {ending}")
            tell(run, self.world.answer(effect, ending))

    def wait(self, minutes: int) -> None:
        self.clock.move(minutes=minutes)

    def save(self) -> None:
        """What he has in memory of a protected column is not written."""
        before = self._everything()
        self.stale.save()
        _must(self._everything().counts[:-1] == before.counts[:-1], "save() wrote an operation.")
        fresh, contract = self._fresh(), self.world.contract
        for name in contract.protected:
            _must(getattr(fresh, name) == getattr(before.obj, name), f"save() wrote {name}.")
        self.stale = fresh

    def look(self) -> None:
        """The promises."""
        if self.obj is not None:
            broken = broken_promises(self.obj)
            _must(not broken, " ".join(broken))

    def _new(self) -> Any:
        world = self.world
        if not world.contract.creations:
            return world.new() if world.new else sample_object(world.model)
        creation = world.contract.creations[0]
        by = somebody_for(creation.by, None, None, world.people)
        command = getattr(world.model, creation.name)
        operation = execute(command, by=by or SYSTEM, data=world.data(creation))
        return world.model._base_manager.get(pk=operation.object_id)

    def _person(self, who: str, transition: Transition, obj: Any) -> Any:
        if who == WHO_MAY:
            who = THE_SYSTEM if transition.by is SYSTEM else f"who may {transition.name}"
        if who not in self.cast:
            role = transition.by if who.startswith("who may ") else self.world.roles.get(who)
            found = role and somebody_for(role, None, obj, self.world.people)
            self.cast[who] = found or newcomer()
        return self.cast[who]

    def _fresh(self) -> Any:
        return self.world.model._base_manager.using(self.world.using).get(pk=self.obj.pk)

    def _everything(self) -> Written:
        return all_written_of(self._fresh(), self.world.contract, self.world.using)


def _must(so: bool, told: str) -> None:
    if not so:
        raise AssertionError(told)
