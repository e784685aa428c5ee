"""The machine: Hypothesis chooses the steps of a story, and finds the shortest that goes wrong."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.model.story import ASKS, Story

MINDS = ["shut", "open_again", "open_again", "stop", "take_back", "take_back"]
SAID = ["done", "done", "accepted", "rejected", "not_sent", "unknown", "died"]
ENDINGS = ["wait", *SAID]
PROBED = ["done", "accepted", "rejected", "not_sent", "not_sent", "not_sent", "unknown", "nothing"]
PAUSES = [0.5, 13.0, 61.0, 61.0, 200.0, 3600.0]
WHILE, OVER_A_LEASE = 200.0, 61.0

WHICH = st.integers(min_value=0, max_value=20)


class Comparison(RuleBasedStateMachine):
    """One errand, its life in the engine, and its life as it should be."""

    boss = None  # given by the test
    story = None

    @initialize()
    def begin_a_life(self):
        self.story = Story(self.boss)

    def teardown(self):
        if self.story:
            self.story.end()

    @invariant()
    def they_are_the_same(self):
        if self.story:
            self.story.expect_the_same()

    @rule(name=st.sampled_from(ASKS))
    def ask(self, name):
        self.story.command(name)

    @rule(name=st.sampled_from(MINDS))
    def change_their_mind(self, name):
        self.story.command(name)

    @rule(seconds=st.sampled_from(PAUSES))
    def time_passes(self, seconds):
        self.story.pass_time(seconds)

    @rule()
    def claim(self):
        self.story.claim()

    @rule(said=st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=4))
    def work(self, said):
        self.story.work(said)

    @rule(said=st.sampled_from(SAID))
    def work_after_a_while(self, said):
        self.story.pass_time(WHILE)
        self.story.work([said])

    @precondition(lambda self: self.story.waiting())
    @rule(which=WHICH, then=st.sampled_from(ENDINGS))
    def begin(self, which, then):
        self.story.begin(one_of(self.story.waiting(), which), then)

    @precondition(lambda self: self.story.begun())
    @rule(which=WHICH, said=st.sampled_from(SAID))
    def answer(self, which, said):
        self.story.answer(one_of(self.story.begun(), which), said)

    @precondition(lambda self: self.story.waiting())
    @rule(which=WHICH)
    def lose(self, which):
        self.story.lose(one_of(self.story.waiting(), which))

    @rule()
    def sweep(self):
        self.story.sweep()

    @rule()
    def rescue_after_a_while(self):
        self.story.pass_time(OVER_A_LEASE)
        self.story.sweep()

    @rule()
    def take_to_ask_after_a_while(self):
        self.story.pass_time(WHILE)
        self.story.take_to_ask()

    @precondition(lambda self: self.story.questions)
    @rule(which=WHICH, said=st.sampled_from(PROBED))
    def probe(self, which, said):
        self.story.probe(which, said)

    @rule(said=st.sampled_from(PROBED))
    def probe_after_a_while(self, said):
        self.take_to_ask_after_a_while()
        if self.story.questions:
            self.story.probe(-1, said)

    @precondition(lambda self: self.story.in_doubt())
    @rule(which=WHICH, happened=st.booleans())
    def resolve(self, which, happened):
        self.story.resolve(one_of(self.story.in_doubt(), which), happened=happened)

    @precondition(lambda self: self.story.stuck())
    @rule(which=WHICH)
    def skip(self, which):
        """What is stuck; and now and then something else."""
        several = self.story.stuck() if which % 3 else self.story.life.runs
        self.story.skip(one_of(several, which))


def one_of(several, which):
    return several[which % len(several)]
