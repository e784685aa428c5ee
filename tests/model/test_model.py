"""However the steps of people, workers and time interleave, a run lives as it was designed to."""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.conftest import person
from tests.model.machine import ENDINGS, MINDS, PAUSES, PROBED, SAID, Comparison
from tests.model.story import ASKS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("sqlite")]

EXAMPLES, STEPS = 30, 40


@pytest.fixture(autouse=True)
def boss(transactional_db):
    """Who gives every command, and decides what waits for a person."""
    Comparison.boss = person("boss", "change_errand", "resolve_run", "skip_run")


@pytest.mark.timeout(240)
def test_the_engine_lives_as_the_reference_does():
    run_state_machine_as_test(
        Comparison,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )


#: What happens how often in a long life, and between what it chooses.
STEPS_OF_A_LIFE = (
    (7, lambda life, pick: life.ask(pick(ASKS))),
    (1, lambda life, pick: life.change_their_mind(pick(MINDS))),
    (3, lambda life, pick: life.time_passes(pick(PAUSES))),
    (3, lambda life, pick: life.claim()),
    (8, lambda life, pick: life.work([pick(ENDINGS) for _ in range(pick((1, 2, 3)))])),
    (4, lambda life, pick: life.work(["wait"])),
    (6, lambda life, pick: life.work_after_a_while(pick(SAID))),
    (6, lambda life, pick: life.story.waiting() and life.begin(pick(WHICH), pick(ENDINGS))),
    (6, lambda life, pick: life.story.begun() and life.answer(pick(WHICH), pick(SAID))),
    (1, lambda life, pick: life.story.waiting() and life.lose(pick(WHICH))),
    (3, lambda life, pick: life.sweep()),
    (4, lambda life, pick: life.rescue_after_a_while()),
    (4, lambda life, pick: life.take_to_ask_after_a_while()),
    (4, lambda life, pick: life.story.questions and life.probe(pick(WHICH), pick(PROBED))),
    (4, lambda life, pick: life.probe_after_a_while(pick(PROBED))),
    (6, lambda life, pick: life.story.in_doubt() and life.resolve(pick(WHICH), pick(EITHER))),
    (8, lambda life, pick: life.story.stuck() and life.skip(pick(WHICH))),
)
WHICH, EITHER = range(20), (True, False)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", range(1, 7))
def test_so_does_a_long_life(seed):
    random = Random(seed)
    weights, steps = zip(*STEPS_OF_A_LIFE, strict=True)
    life = Comparison()
    try:
        life.begin_a_life()
        for step in random.choices(steps, weights, k=200):
            step(life, random.choice)
            life.they_are_the_same()
    finally:
        life.teardown()
