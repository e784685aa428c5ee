"""Failures and refusals say what happened, with a code for programs and a sentence for people."""

from datetime import timedelta

import pytest

from workflows_app import Forbidden, NotSent, Refused, Rejected, Unknown, guard
from workflows_app.failures import Reason, Recorded


class HTTPBankRefusedIt(Rejected):
    """The bank refused
    the account."""


class BankBusy(NotSent):
    """The bank is busy."""


class BankNightBusy(BankBusy):
    """The bank sleeps."""


class Wordless(Unknown):
    pass


@guard("places_free", "There is no free place.")
def places_free(course):
    return course.free > 0


@pytest.mark.parametrize(
    ("failure", "code", "detail", "kind"),
    [
        (HTTPBankRefusedIt, "http_bank_refused_it", "The bank refused the account.", "rejected"),
        (BankNightBusy, "bank_night_busy", "The bank sleeps.", "not_sent"),
        (Wordless, "wordless", "wordless", "unknown"),
        (NotSent, "not_sent", "It did not leave.", "not_sent"),
    ],
)
def test_the_name_is_the_code_and_the_docstring_the_message(failure, code, detail, kind):
    assert failure().recorded() == Recorded(code, detail, kind, {})


def test_facts_are_kept_and_the_remotes_wish_is_apart():
    failure = BankBusy(retry_after=timedelta(seconds=9), queue=3)
    assert failure.recorded().facts == {"queue": 3}
    assert failure.retry_after == timedelta(seconds=9)
    assert str(failure) == "The bank is busy."


def test_a_refusal_without_a_text_says_its_docstring():
    assert str(Forbidden()) == Forbidden().detail == "You may not do this."


def test_a_body_that_refuses_with_a_guard_gives_its_code_and_text():
    refusal = Refused(places_free)
    assert (refusal.code, refusal.detail) == ("places_free", "There is no free place.")
    assert refusal.reasons == (Reason("places_free", "There is no free place."),)
    assert Refused("Something else.").code == "refused"
