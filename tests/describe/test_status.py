"""The status document is honest: the worst that is going on comes first, in plain words."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.engine.test_perform import drain_through
from tests.testapp.models import Parcel
from tests.testapp.workflow import AddressRefused, CarrierBusy, CarrierSilent
from workflows_app.describe.status import status, statuses
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun
from workflows_app.ops import resolve, skip

pytestmark = pytest.mark.django_db(transaction=True)
without_a_worker = pytest.mark.django_db


def fresh(parcel):
    return Parcel.objects.get(pk=parcel.pk)


def of(parcel):
    document = status(fresh(parcel))
    return document["phase"], document["headline"]


@without_a_worker
def test_it_says_where_the_object_stands_and_who_owns_it(shipping):
    document = status(fresh(shipping))
    assert document["state"] == "shipping"
    assert document["label"] == "On its way"
    assert document["version"] == 2
    assert document["final"] is False
    assert document["owner"] == {"label": "a clerk", "kind": "role"}
    assert document["waiting_on"] == "the carrier"
    assert document["deadlines"] == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", document["since"])
    assert "actions" not in document


@without_a_worker
def test_an_owned_state_without_work_needs_its_person(parcel):
    assert of(parcel) == ("needs_person", "Waiting for the sender.")


@without_a_worker
def test_work_that_has_not_begun_is_queued(shipping):
    assert of(shipping) == ("queued", "Hand over is next.")


def test_work_a_worker_has_is_running(shipping, answers):
    seen = []
    answers["hand_over"] = lambda parcel, run: seen.append(of(parcel)) or {"tracking": "T"}
    drain()
    assert seen == [("running", "Hand over: attempt 1 of 3 is under way.")]


def test_work_that_is_tried_again_says_why_and_when_and_how_often(shipping, answers, clock):
    answers["hand_over"] = CarrierBusy
    drain()
    due = timezone.now().replace(hour=12) + timedelta(days=2)
    EffectRun.objects.filter(effect="hand_over").update(due=due)
    local = timezone.localtime(due)
    assert of(shipping) == (
        "retrying",
        "The carrier is busy and took nothing. Trying again on"
        f" {local.day} {local:%B} at {local:%H:%M} (attempt 2 of 3).",
    )
    clock.move(days=3)
    assert "Trying again as soon as a worker is free (attempt 2 of 3)." in of(shipping)[1]


def test_work_in_doubt_comes_before_everything_else(shipping, answers, clerk, clock):
    answers["hand_over"] = CarrierSilent
    answers["tell_sender"] = CarrierBusy
    drain_through(clock, 3)
    execute(fresh(shipping).cover, by=clerk, version=2)
    phase, headline = of(shipping)
    assert phase == "in_doubt"
    assert headline == (
        "The carrier did not answer in time; it may have the parcel."
        " A clerk has to find out what happened."
    )
    owners = {item["effect"]: item["owner"] for item in status(fresh(shipping))["work"]}
    assert owners["hand_over"] == "a clerk"


def test_dead_work_with_an_owner_blocks_until_somebody_skips_it(packed, answers, clerk, operator):
    answers["insure"] = AddressRefused
    execute(packed.cover, by=clerk, version=1)
    drain()
    assert of(packed) == (
        "blocked",
        "Insure failed. The carrier does not know the address. A clerk has to decide how to go on.",
    )
    skip(EffectRun.objects.get(effect="insure"), by=operator, reason="insured by hand")
    assert of(packed) == ("needs_person", "Waiting for a clerk.")


def test_a_dead_follow_up_blocks_and_the_owner_of_the_state_decides(shipping, answers):
    answers["hand_over"] = lambda parcel, run: {"nothing": "that arrive could use"}
    drain()
    assert of(shipping)[0] == "retrying"
    assert 'Hand over is done, but "arrive" could not follow. Trying again' in of(shipping)[1]
    EffectRun.objects.filter(effect="hand_over").update(follow_up="dead")
    assert of(shipping) == (
        "blocked",
        'Hand over is done, but "arrive" could not follow. A clerk has to decide how to go on.',
    )


def test_a_failure_that_was_followed_up_is_no_work_any_more(shipping, answers):
    answers["hand_over"] = AddressRefused
    drain()
    document = status(fresh(shipping))
    assert document["state"] == "halted"
    assert document["phase"] == "needs_person"
    assert document["work"] == []


def test_a_failed_notification_shows_on_what_is_completed(shipping, answers, clock):
    answers["tell_sender"] = AddressRefused
    drain_through(clock, 2)
    document = status(fresh(shipping))
    assert (document["state"], document["final"]) == ("arrived", True)
    assert document["phase"] == "settled_with_failures"
    assert document["headline"] == (
        "Completed, with a failed notification: Tell sender failed."
        " The carrier does not know the address."
    )
    assert [item["state"] for item in document["work"]] == ["failed", "failed"]


def test_a_failed_notification_does_not_hide_that_a_person_is_needed(shipping, answers, clock):
    answers["hand_over"] = answers["tell_sender"] = AddressRefused
    drain_through(clock, 2)
    assert of(shipping) == ("needs_person", "Waiting for a clerk.")
    assert [item["effect"] for item in status(fresh(shipping))["work"]] == ["tell_sender"]


def test_at_rest_and_at_an_end_it_is_settled_or_cancelled(packed, clerk, shipping, clock):
    shelf = Parcel.objects.create(sender=packed.sender, title="s", address="x")
    back = Parcel.objects.create(sender=packed.sender, title="r", address="x")
    for other in (shelf, back):
        execute(other.pack, by=packed.sender, data={"grams": 1})
        execute(other.sort, by=clerk)
    drain_through(clock, 2)
    assert of(shelf) == ("settled", "On the shelf.")
    assert of(shipping) == ("settled", "Arrived.")
    assert of(back) == ("cancelled", "Returned.")


def test_a_resolved_doubt_is_gone(shipping, answers, operator, clock):
    answers["hand_over"] = CarrierSilent
    drain_through(clock, 3)
    run = EffectRun.objects.get(effect="hand_over")
    resolve(run, happened=True, by=operator, reason="they have it", result={"tracking": "T1"})
    drain_through(clock, 1)
    assert of(shipping) == ("settled", "Arrived.")


def test_an_entry_of_work_tells_attempts_and_the_failure(shipping, answers):
    answers["hand_over"] = CarrierBusy
    drain()
    (entry,) = [i for i in status(fresh(shipping))["work"] if i["effect"] == "hand_over"]
    run = EffectRun.objects.get(effect="hand_over")
    assert entry.pop("next_attempt_at").endswith("Z")
    assert entry == {
        "run": str(run.pk),
        "effect": "hand_over",
        "label": "Hand over",
        "class": "keyed",
        "state": "queued",
        "attempts": 1,
        "max_attempts": 3,
        "failure": {
            "code": "carrier_busy",
            "detail": "The carrier is busy and took nothing.",
            "retryable": True,
        },
        "owner": None,
        "superseded": None,
        "undoes": None,
        "next_question_at": None,
        "confirmed_until": None,
        "reference": None,
    }


@without_a_worker
def test_actions_are_what_this_user_has_permission_for_in_the_order_of_the_contract(packed, clerk):
    names = [action["name"] for action in status(packed, user=clerk)["actions"]]
    assert names == ["pack", "ship", "sort", "cover", "dust", "again"]
    assert [a["name"] for a in status(packed, user=packed.sender)["actions"]] == ["pack"]


@without_a_worker
def test_an_impossible_action_says_why_and_a_possible_one_what_it_needs(parcel, sender, clerk):
    (pack,) = status(parcel, user=sender, href=lambda name: f"/go/{name}")["actions"]
    assert pack == {
        "name": "pack",
        "label": "Pack",
        "allowed": True,
        "href": "/go/pack",
        "needs": {
            "type": "object",
            "properties": {
                "grams": {"type": "integer", "title": "Grams", "minimum": 1},
                "note": {"type": "string", "title": "Note"},
            },
            "required": ["grams"],
        },
    }
    ship = next(a for a in status(parcel, user=clerk)["actions"] if a["name"] == "ship")
    assert ship["allowed"] is False
    assert ship["reasons"] == [{"code": "wrong_state", "detail": "Only from Packed or Halted."}]


@without_a_worker
def test_a_guard_that_says_no_gives_its_reason(sender):
    parcel = Parcel.objects.create(sender=sender, title="no address")
    (pack,) = status(parcel, user=sender)["actions"]
    assert pack["allowed"] is False
    assert pack["reasons"] == [{"code": "address_missing", "detail": "Enter the address first."}]


@without_a_worker
def test_a_stranger_and_an_inactive_user_have_no_actions(parcel, people, sender):
    assert status(parcel, user=people["operator"])["actions"] == []
    sender.is_active = False
    assert status(parcel, user=sender)["actions"] == []


@without_a_worker
def test_one_query_serves_a_document_and_one_a_whole_list(
    shipping, parcel, sender, clerk, django_assert_num_queries
):
    more = [Parcel.objects.create(sender=sender, title=str(n)) for n in range(5)]
    clerk.has_perm("testapp.handle_parcel")  # asked before, as a request does
    with django_assert_num_queries(1):
        status(shipping, user=clerk)
    with django_assert_num_queries(1):
        documents = statuses([shipping, parcel, *more])
    assert [d["phase"] for d in documents] == ["queued"] * 2 + ["needs_person"] * 5
    assert statuses([]) == []


@without_a_worker
def test_a_state_the_contract_no_longer_knows_is_shown_as_it_is(parcel):
    parcel.__dict__["status"] = "mislaid"
    document = status(parcel)
    assert (document["state"], document["label"], document["phase"]) == (
        "mislaid",
        "mislaid",
        "settled",
    )
