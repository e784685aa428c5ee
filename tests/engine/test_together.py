"""What threads store at the same moment goes into one step, and nobody waits for company."""

import threading

from workflows_app.engine.together import Together

LIMIT_SECONDS = 10


class Slow:
    """A step that begins when it is told to, and says which items came together."""

    def __init__(self):
        self.steps, self.begun, self.may_end = [], threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, items):
        self.steps.append(sorted(items))
        self.begun.release()
        assert self.may_end.acquire(timeout=LIMIT_SECONDS)
        return [item != "lost" for item in items]


def in_threads(together, items, answers):
    threads = [
        threading.Thread(target=lambda item=item: answers.update({item: together.store(item)}))
        for item in items
    ]
    for thread in threads:
        thread.start()
    return threads


def test_who_comes_while_others_are_stored_is_stored_with_the_next():
    slow, answers = Slow(), {}
    together = Together(slow)
    threads = in_threads(together, ["first"], answers)
    assert slow.begun.acquire(timeout=LIMIT_SECONDS)
    threads += in_threads(together, ["a", "lost", "b"], answers)
    while len(together._gathered) < 3:
        pass
    slow.may_end.release(2)
    for thread in threads:
        thread.join(LIMIT_SECONDS)
    assert slow.steps == [["first"], ["a", "b", "lost"]]
    assert answers == {"first": True, "a": True, "b": True, "lost": False}


def test_of_a_step_that_breaks_nothing_is_stored(caplog):
    def break_down(items):
        raise OSError(items)

    together = Together(break_down)
    assert together.store("a") is False
    assert together.store_all(["a", "b"]) == [False, False]
    assert "2 could not be stored together" in caplog.text
    assert "['a'" not in caplog.text
