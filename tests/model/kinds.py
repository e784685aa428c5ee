"""What runs are of: kinds of effects, and what is known of one run. Times are seconds."""

from dataclasses import dataclass

LEASE = 60.0
TIMES = 3
FIRST, CAP, SPREAD = 10.0, 60.0, 0.2
LOST_IN_A_ROW = 3
SETTLE = 60.0

OPEN = ("held", "queued", "running", "waiting", "in_doubt")


@dataclass(frozen=True)
class Kind:
    """An effect, as far as its runs' lives depend on it."""

    name: str
    safety: str
    laned: bool = True
    followed: bool = False
    probe: bool = False
    resend: bool = False
    undo: str | None = None
    #: How long a doubt lasts; what was accepted, and has nobody to confirm it, waits as long.
    doubt: float = 4 * 3600.0


KINDS = {
    kind.name: kind
    for kind in (
        Kind("harmless", "replay_safe", laned=False),
        Kind("give_back", "keyed"),
        Kind("with_key", "keyed", followed=True, undo="give_back"),
        Kind(
            "once",
            "committed",
            followed=True,
            probe=True,
            resend=True,
            undo="give_back",
            doubt=1800.0,
        ),
        Kind("once_asked", "committed", probe=True, undo="give_back", doubt=1800.0),
        Kind("once_unasked", "committed", doubt=1800.0),
    )
}


@dataclass(eq=False)
class Run:
    """One effect of one operation."""

    kind: Kind
    place: tuple[int, int]
    state: str = "queued"
    due: tuple[float, float] | None = None
    deadline: float | None = None
    attempts: int = 0
    fence: int = 0
    leases_lost: int = 0
    lease_until: float | None = None
    marked: int | None = None  # the fence under which it was marked as sent
    may_have_happened: bool = False
    questions: int = 0
    unconfirmed: bool = False
    never_arrived: bool = False
    superseded: int | None = None  # the version at which
    follow: str = "none"
    undoes: "Run | None" = None

    @property
    def is_superseded(self):
        return self.superseded is not None

    @property
    def is_open(self):
        return self.state in OPEN

    @property
    def frees_its_lane(self):
        if self.state == "failed":
            return self.follow in ("done", "unwanted")
        return self.state in ("done", "cancelled", "skipped")

    @property
    def is_marked(self):
        return self.marked is not None and self.marked == self.fence


def pause(attempt):
    """Between how many seconds the pause after this attempt is."""
    middle = min(CAP, FIRST * 3 ** (attempt - 1))
    return middle * (1 - SPREAD), middle * (1 + SPREAD)
