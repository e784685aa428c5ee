"""The log says where a handler broke, and nothing of what it was working on."""

import logging

import pytest

from workflows_app.engine.drain import drain
from workflows_app.engine.traces import untold

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "DE02120300000000202051"


def test_what_a_handler_raises_is_logged_without_its_text(shipping, answers, caplog):
    answers["hand_over"] = lambda parcel, run: {"tracking": int(SECRET)}
    with caplog.at_level(logging.DEBUG, "workflows_app"):
        drain()
    assert "raised what it does not declare" in caplog.text
    assert "ValueError" in caplog.text and "test_traces.py" in caplog.text
    assert SECRET not in caplog.text


def test_a_cause_is_told_by_its_kind_and_place_too(caplog):
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(SECRET) from error
    except ValueError as error:
        logging.getLogger("workflows_app").error("broken", exc_info=untold(error))
    assert caplog.text.count("Untold") == 2
    assert "KeyError" in caplog.text and SECRET not in caplog.text
