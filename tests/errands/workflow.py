"""An errand asks for one effect of each class, in every mixture, and ends or undoes them."""

from datetime import timedelta

from workflows_app import (
    SYSTEM,
    NotSent,
    Rejected,
    Retry,
    Role,
    State,
    States,
    Unknown,
    Workflow,
    committed,
    keyed,
    replay_safe,
    transition,
)

boss = Role("the boss", "errands.change_errand")


class Status(States):
    OPEN = State("open", "Open", owner=boss, initial=True)
    SHUT = State("shut", "Shut", owner=boss)


class Busy(NotSent):
    """Nothing was taken."""


class Silent(Unknown):
    """Nobody knows."""


class Refused(Rejected):
    """It will not be done."""


ALIKE = {
    "retry": Retry(times=3, first=timedelta(seconds=10), cap=timedelta(minutes=1)),
    "fails_with": [Busy, Silent, Refused],
    "owner": boss,
}
FOLLOWED = {"then": "praise", "otherwise": "blame"}
WEIGHTY = {"settle": timedelta(minutes=1), "doubt_deadline": timedelta(minutes=30)}


#: Who answers for the outside: a function of errand and run, set by whoever compares.
desk = []


def answer(errand, run):
    """What the outside says."""
    return desk[-1](errand, run)


@replay_safe(**ALIKE)
def harmless(errand, run):
    """Something that may be repeated."""
    return answer(errand, run)


@keyed(**ALIKE)
def give_back(errand, run):
    """What undoes the others."""
    return answer(errand, run)


@keyed(**ALIKE, **FOLLOWED, undo=give_back)
def with_key(errand, run):
    """Something whose key the other side knows again."""
    return answer(errand, run)


@committed(**ALIKE, **FOLLOWED, **WEIGHTY, probe=answer, resend_after_probe=True, undo=give_back)
def once(errand, run):
    """Something that counts once, and may be sent again when it never arrived."""
    return answer(errand, run)


@committed(**ALIKE, **WEIGHTY, probe=answer, undo=give_back)
def once_asked(errand, run):
    """Something that counts once, and of which a person decides when it never arrived."""
    return answer(errand, run)


@committed(**ALIKE, **WEIGHTY)
def once_unasked(errand, run):
    """Something that counts once, of which nobody can be asked."""
    return answer(errand, run)


class ErrandWorkflow(Workflow, states=Status, seen_by=boss):
    @transition(source=Status.OPEN, target=None, by=boss, effects=[harmless])
    def ask_harmless(self, cmd):
        """One harmless thing."""

    @transition(source=Status.OPEN, target=None, by=boss, effects=[with_key])
    def ask_with_key(self, cmd):
        """One under a key."""

    @transition(source=Status.OPEN, target=None, by=boss, effects=[once])
    def ask_once(self, cmd):
        """One that counts once."""

    @transition(source=Status.OPEN, target=None, by=boss, effects=[once_asked])
    def ask_and_see(self, cmd):
        """One that counts once, and is found or not."""

    @transition(
        source=Status.OPEN, target=None, by=boss, effects=[once_unasked, with_key, harmless]
    )
    def ask_several(self, cmd):
        """Several, in order."""

    @transition(source=Status.OPEN, target=Status.SHUT, by=boss)
    def shut(self, cmd):
        """What follows is no longer wanted."""

    @transition(source=Status.SHUT, target=Status.OPEN, by=boss)
    def open_again(self, cmd):
        """It is wanted again."""

    @transition(source="*", target=None, by=boss, supersedes="*")
    def stop(self, cmd):
        """Nothing of all that."""

    @transition(source="*", target=None, by=boss, undoes=[with_key, once, once_asked])
    def take_back(self, cmd):
        """Not only not, but undo what was done."""

    @transition(source=Status.OPEN, target=None, by=SYSTEM)
    def praise(self, cmd):
        """It was done."""

    @transition(source=Status.OPEN, target=None, by=SYSTEM)
    def blame(self, cmd):
        """It was not done."""
