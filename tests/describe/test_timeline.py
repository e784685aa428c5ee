"""The timeline explains in plain words, in order, everything that happened."""

import re

import pytest

from tests.engine.test_perform import drain_through
from tests.testapp.models import Parcel
from tests.testapp.workflow import AddressRefused, CarrierBusy, CarrierSilent
from workflows_app.contract.registry import contract_of
from workflows_app.describe.secrets import redact
from workflows_app.describe.timeline import WrongCursor, timeline
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun, Event, EventKind
from workflows_app.ops import resolve, skip

pytestmark = pytest.mark.django_db(transaction=True)
without_a_worker = pytest.mark.django_db


def texts(parcel):
    """What the timeline says, with the clock times left out."""
    return [re.sub(r"at [\d:]+", "at TIME", e["text"]) for e in timeline(parcel).entries]


def test_a_support_person_reads_what_happened_from_creation_to_the_end(shipping, answers, clock):
    answers["tell_sender"] = CarrierBusy
    drain()
    answers["tell_sender"] = AddressRefused
    drain_through(clock, 1)
    told = texts(shipping)
    assert told[:3] == [
        "Created by the system.",
        "Pack, by Sender: Put it into a box and weigh it. Now: Packed.",
        "Ship, by Clerk: Hand it to the carrier. Now: On its way.",
    ]
    assert (
        'Arrive, by the system after "hand over" was done: The carrier has it. Now: Arrived.'
        in told
    )
    assert "Attempt 1 of 3 to hand over succeeded." in told
    assert (
        "Attempt 1 of 3 to tell sender failed: The carrier is busy and took nothing."
        " Next try at TIME." in told
    )
    assert (
        "Attempt 2 of 3 to tell sender failed for good: The carrier does not know the address."
        in told
    )


def test_what_followed_a_failure_says_so(shipping, answers):
    answers["hand_over"] = AddressRefused
    drain()
    told = texts(shipping)
    attempt = told.index(
        "Attempt 1 of 3 to hand over failed for good: The carrier does not know the address."
    )
    halt = told.index(
        'Halt, by the system after "hand over" failed: The carrier does not take it. Now: Halted.'
    )
    assert attempt < halt


def test_a_doubt_and_a_persons_decision_are_told(shipping, answers, operator, clock):
    answers["hand_over"] = CarrierSilent
    drain_through(clock, 3)
    run = EffectRun.objects.get(effect="hand_over")
    resolve(run, happened=False, by=operator, reason="The carrier searched.")
    told = texts(shipping)
    assert (
        "Attempt 3 of 3 to hand over ended without certainty: The carrier did not answer in"
        " time; it may have the parcel. A person has to find out what happened." in told
    )
    assert "Resolve hand over, by Operator. Reason: The carrier searched." in told
    assert "It was decided that hand over did not happen." in told


def test_leaving_something_out_is_told(packed, answers, clerk, operator):
    answers["insure"] = AddressRefused
    execute(packed.cover, by=clerk, version=1)
    drain()
    skip(EffectRun.objects.get(), by=operator, reason="Insured by hand.")
    told = texts(packed)
    assert "Cover, by Clerk: Insure it where it stands." in told
    assert "Skip insure, by Operator. Reason: Insured by hand." in told
    assert "It was decided to go on without insure." in told


def test_a_follow_up_that_cannot_run_is_told(shipping, answers):
    answers["hand_over"] = lambda parcel, run: {"nothing": "of use"}
    drain()
    assert (
        "Hand over was done, but what follows could not run: The data is not valid."
        " Next try at TIME." in texts(shipping)
    )


@pytest.mark.parametrize("kind", [one for one in EventKind.values if one != "fired_late"])
@without_a_worker
def test_every_kind_of_event_of_a_run_has_words(shipping, kind):
    run = EffectRun.objects.get(effect="hand_over")
    data = {"attempt": 1, "outcome": "done", "failure": None, "detail": "No."}
    data |= {"happened": True, "state": "done"}
    Event.objects.create(kind=kind, actor="system", data=data, **run.fact())
    text = timeline(shipping).entries[-1]["text"]
    assert "hand over" in text.lower()
    assert text.endswith(".")


@without_a_worker
def test_an_object_that_came_another_way_is_told_as_found(sender, clerk):
    Parcel.objects.bulk_create([Parcel(sender=sender, title="old", address="x")])
    parcel = Parcel.objects.get()
    execute(parcel.pack, by=sender, data={"grams": 1})
    assert texts(parcel)[0] == "Found as it stood: New."


def test_entries_carry_who_when_and_what(shipping, people):
    drain()
    entries = timeline(shipping).entries
    ship = entries[2]
    assert ship["actor"] == {"id": f"user:{people['clerk'].pk}", "label": "Clerk"}
    assert (ship["type"], ship["kind"], ship["transition"]) == ("operation", "command", "ship")
    assert (ship["source"], ship["target"], ship["version"]) == ("packed", "shipping", 2)
    attempt = next(e for e in entries if e["type"] == "event" and e["effect"] == "hand_over")
    assert attempt["operation"] == ship["id"]
    assert attempt["actor"] == {"id": "system", "label": "the system"}
    assert [e["at"] for e in entries] == sorted(e["at"] for e in entries)


def test_secrets_of_the_contract_are_never_shown(shipping, answers):
    answers["hand_over"] = AddressRefused(address="Secret Lane 5", tries=1)
    drain()
    shown = str(timeline(shipping).entries)
    assert "Secret Lane" not in shown
    assert "'address': '•••'" in shown
    assert "'tries': 1" in shown


@without_a_worker
def test_redaction_reaches_every_depth_and_leaves_the_rest():
    data = {"iban": "DE1", "list": [{"iban": "DE2", "name": "A"}], "empty": {"iban": ""}}
    assert redact(data, {"iban"}) == {
        "iban": "•••",
        "list": [{"iban": "•••", "name": "A"}],
        "empty": {"iban": ""},
    }
    assert data["iban"] == "DE1"


def test_pages_follow_each_other_without_gap_or_repetition(shipping):
    drain()
    drain()
    whole = timeline(shipping)
    assert whole.next is None
    pages, cursor = [], None
    while True:
        page = timeline(shipping, after=cursor, limit=2)
        pages += page.entries
        cursor = page.next
        if cursor is None:
            break
        assert len(page.entries) == 2
    assert pages == whole.entries


@pytest.mark.parametrize("cursor", ["", "nonsense", "MjAyNnx4", "ü"])
@without_a_worker
def test_a_cursor_that_is_none_is_refused(parcel, cursor):
    with pytest.raises(WrongCursor):
        timeline(parcel, after=cursor)


def test_a_long_timeline_costs_four_queries(shipping, django_assert_num_queries):
    drain()
    with django_assert_num_queries(4):
        timeline(shipping)


@without_a_worker
def test_an_effect_and_a_transition_the_contract_forgot_are_still_told(shipping):
    run = EffectRun.objects.get(effect="hand_over")
    EffectRun.objects.filter(pk=run.pk).update(effect="old_effect")
    Event.objects.create(
        kind="attempt", actor="system", data={"attempt": 4, "outcome": "done"}, **run.fact()
    )
    assert timeline(shipping).entries[-1]["text"] == "Attempt 4 to old effect succeeded."
    assert "old_effect" not in contract_of(shipping).effects
