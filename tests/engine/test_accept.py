"""A command is accepted once, by somebody who may, or refused with every reason."""

import pytest
from django.contrib.auth.models import AnonymousUser

from tests.testapp.models import Parcel
from workflows_app import (
    SYSTEM,
    Forbidden,
    GuardFailed,
    Invalid,
    KeyReused,
    NotAllowed,
    ProtectedState,
    Stale,
)
from workflows_app.engine import create, edit, execute
from workflows_app.failures import ContractError
from workflows_app.models import EffectRun, Operation
from workflows_app.models.writing import running_body

pytestmark = pytest.mark.django_db


def count():
    return Operation.objects.count()


def test_an_accepted_command_moves_the_object_and_leaves_its_receipt(parcel, sender):
    operation = execute(
        parcel.pack, by=sender, data={"grams": "100"}, key="k1", version=0, reason="ready"
    )
    assert (operation.source, operation.target, operation.version) == ("new", "packed", 1)
    assert operation.actor == f"user:{sender.pk}"
    assert operation.actor_label == "Sender"
    assert operation.data == {"grams": 100}
    assert (parcel.status, parcel.version, parcel.grams) == ("packed", 1, 100)
    stored = Parcel.objects.get()
    assert (stored.status, stored.version, stored.grams) == ("packed", 1, 100)
    assert stored.status_since > operation.accepted_at.replace(year=2000)


def test_history_names_the_operation_the_user_and_the_reason(parcel, sender):
    operation = execute(parcel.pack, by=sender, data={"grams": 1}, reason="x" * 300)
    latest = parcel.history.first()
    assert latest.operation_id == operation.id
    assert latest.history_user == sender
    assert latest.history_change_reason == "x" * 300
    assert (latest.status, latest.version) == ("packed", 1)


def test_a_new_object_has_operation_zero_in_its_own_transaction(parcel):
    zero = Operation.objects.get()
    assert (zero.kind, zero.version, zero.source, zero.target) == ("create", 0, "", "new")
    assert zero.actor == "system"
    assert parcel.history.get().operation_id == zero.id


def test_the_same_key_answers_with_the_first_operation_and_writes_nothing(parcel, sender):
    first = execute(parcel.pack, by=sender, data={"grams": 1}, key="k")
    before = count()
    again = execute(parcel.pack, by=sender, data={"grams": 1}, key="k", version=0)
    assert again.replayed and not first.replayed
    assert again.id == first.id
    assert count() == before


def test_the_same_key_for_another_request_is_refused(parcel, sender):
    first = execute(parcel.pack, by=sender, data={"grams": 1}, key="k")
    with pytest.raises(KeyReused) as refusal:
        execute(parcel.pack, by=sender, data={"grams": 2}, key="k")
    assert refusal.value.facts == {"operation": str(first.id)}


def test_a_key_belongs_to_its_actor(packed, clerk, people):
    execute(packed.sort, by=clerk, key="k")
    execute(packed.sort, by=people["clerk2"], key="k")
    assert Operation.objects.filter(key="k").count() == 2


def test_a_refusal_burns_no_key_and_writes_nothing(parcel, sender):
    before = count()
    with pytest.raises(Invalid):
        execute(parcel.pack, by=sender, data={"grams": 0}, key="k")
    assert count() == before
    assert not execute(parcel.pack, by=sender, data={"grams": 1}, key="k").replayed


def test_an_old_version_is_stale_and_says_where_the_object_stands(packed, clerk):
    with pytest.raises(Stale) as refusal:
        execute(packed.ship, by=clerk, version=0)
    assert (refusal.value.current.state, refusal.value.current.version) == ("packed", 1)


def test_one_of_several_versions_will_do(packed, clerk):
    assert execute(packed.ship, by=clerk, version=[0, 1]).version == 2


@pytest.mark.parametrize("version", ["1", ["1"]])
def test_a_version_that_is_no_number_is_named(packed, clerk, version):
    with pytest.raises(ContractError, match=r"version= takes a number, or several, not .*'1'"):
        execute(packed.ship, by=clerk, version=version)
    with pytest.raises(ContractError, match="version= takes a number"):
        edit(packed, by=clerk, data={"title": "b"}, version=version)


def test_a_command_by_somebody_who_may_not_is_forbidden(packed, sender):
    with pytest.raises(Forbidden):
        execute(packed.ship, by=sender)


def test_a_command_needs_somebody(parcel):
    with pytest.raises(Forbidden):
        execute(parcel.pack, by=AnonymousUser(), data={"grams": 1})
    with pytest.raises(ContractError, match="by= takes a user or SYSTEM"):
        execute(parcel.pack, by=None, data={"grams": 1})


def test_the_system_needs_leave_too(packed):
    with pytest.raises(Forbidden):
        execute(packed.ship, by=SYSTEM)


def test_an_inactive_user_holds_no_role(packed, clerk):
    clerk.is_active = False
    clerk.save()
    with pytest.raises(Forbidden):
        execute(packed.ship, by=clerk)


def test_the_wrong_state_is_named_with_the_right_ones(parcel, clerk):
    with pytest.raises(NotAllowed) as refusal:
        execute(parcel.ship, by=clerk)
    assert refusal.value.reasons[0].code == "wrong_state"
    assert refusal.value.reasons[0].detail == "Only from Packed or Halted."


def test_every_guard_that_says_no_gives_its_reason(parcel, sender):
    parcel.address = ""
    parcel.save()
    with pytest.raises(GuardFailed) as refusal:
        execute(parcel.pack, by=sender, data={"grams": 40_000})
    assert [reason.code for reason in refusal.value.reasons] == ["address_missing", "too_heavy"]


def test_unknown_members_of_the_data_are_refused_by_name(parcel, sender):
    with pytest.raises(Invalid) as refusal:
        execute(parcel.pack, by=sender, data={"grams": 1, "gramms": 2})
    assert [(r.code, r.pointer) for r in refusal.value.reasons] == [("unknown_field", "/gramms")]


def test_the_callers_unsaved_changes_are_ignored(parcel, sender):
    parcel.title = "never saved"
    execute(parcel.pack, by=sender, data={"grams": 1})
    assert parcel.title == "books"


def test_a_refusal_leaves_the_callers_instance_untouched(parcel, sender):
    parcel.title = "mine"
    with pytest.raises(Invalid):
        execute(parcel.pack, by=sender, data={})
    assert (parcel.title, parcel.status, parcel.version) == ("mine", "new", 0)


def test_calling_the_method_says_what_to_write_instead(parcel):
    with pytest.raises(ProtectedState, match=r"execute\(parcel.pack, by=user"):
        parcel.pack()


def test_the_body_chooses_among_the_targets(packed, clerk):
    Parcel.objects.filter(pk=packed.pk).update(title="shelf")
    operation = execute(packed.sort, by=clerk)
    assert (operation.target, packed.status) == ("shelf", "shelf")
    assert list(operation.runs.values_list("effect", flat=True)) == ["tell_sender"]


def test_none_among_the_targets_keeps_the_state_and_its_time(packed, clerk):
    since = packed.status_since
    operation = execute(packed.sort, by=clerk)
    assert (operation.source, operation.target, packed.version) == ("packed", "packed", 2)
    assert packed.status_since == since
    assert operation.runs.count() == 0


def test_a_transition_without_target_keeps_the_state_from_any_that_is_not_final(packed, clerk):
    since = packed.status_since
    operation = execute(packed.cover, by=clerk)
    assert (packed.status, packed.version) == ("packed", 2)
    assert packed.status_since == since
    assert operation.runs.get().effect == "insure"


def test_any_state_does_not_include_a_final_one(packed, clerk):
    Parcel.objects.filter(pk=packed.pk).update(title="return")
    execute(packed.sort, by=clerk)
    with pytest.raises(NotAllowed):
        execute(packed.cover, by=clerk)


def test_a_self_loop_enters_the_state_anew(packed, clerk):
    Parcel.objects.filter(pk=packed.pk).update(title="shelf")
    execute(packed.sort, by=clerk)
    since = packed.status_since
    execute(packed.dust, by=clerk)
    assert packed.status == "shelf"
    assert packed.status_since > since


def test_required_columns_must_be_filled_to_enter(packed, clerk):
    Parcel.objects.filter(pk=packed.pk).update(title="shelf")
    execute(packed.sort, by=clerk)
    Parcel.objects.filter(pk=packed.pk).update(address="")
    with pytest.raises(Invalid) as refusal:
        execute(packed.again, by=clerk)
    assert [(r.code, r.pointer) for r in refusal.value.reasons] == [("required", "/address")]
    assert refusal.value.current.state == "shelf"


def test_effects_become_runs_in_the_same_transaction_with_their_data_frozen(shipping):
    run = EffectRun.objects.get(effect="hand_over")
    assert run.state == "queued"
    assert run.data == {"address": "Main Street 1"}
    assert run.lane == run.holds_lane == f"testapp.parcel:{shipping.pk}:main"


def test_an_object_that_came_another_way_is_adopted_by_its_first_command(sender):
    Parcel.objects.bulk_create([Parcel(sender=sender, title="x", address="y")])
    parcel = Parcel.objects.get()
    execute(parcel.pack, by=sender, data={"grams": 1})
    kinds = list(Operation.objects.order_by("version").values_list("kind", "source", "target"))
    assert kinds == [("adopt", "", "new"), ("command", "new", "packed")]


def test_a_body_that_saves_is_told_not_to(parcel):
    with running_body(parcel), pytest.raises(ProtectedState, match="body never saves"):
        parcel.save()


def test_an_object_that_is_gone_is_refused(parcel, sender):
    gone = Parcel.objects.get()
    Parcel.objects.all()._raw_delete("default")
    with pytest.raises(NotAllowed, match="not exist"):
        execute(gone.pack, by=sender, data={"grams": 1})


def test_creation_by_somebody_is_a_command_with_its_key(sender):
    made = Parcel(sender=sender, title="x")
    first = create(made, by=sender, data={"title": "x"}, key="c")
    again = create(Parcel(sender=sender, title="x"), by=sender, data={"title": "x"}, key="c")
    assert again.replayed and again.id == first.id
    assert Parcel.objects.count() == 1
    assert first.actor == f"user:{sender.pk}"
    assert made.history.get().history_user == sender


def test_creation_needs_the_add_permission(clerk):
    made = Parcel(sender=clerk, title="x")
    with pytest.raises(Forbidden):
        create(made, by=clerk)
    assert made._state.adding and made.pk is None


def test_a_constraint_of_the_model_refuses_with_its_own_code_and_message(shipping):
    with pytest.raises(Invalid) as refusal:
        execute(shipping.arrive, by=SYSTEM, data={"tracking": "!"})
    assert [(r.code, r.detail) for r in refusal.value.reasons] == [
        ("tracking_odd", "No tracking number begins like this.")
    ]
    assert (shipping.status, shipping.tracking) == ("shipping", "")


def test_a_constraint_refuses_a_creation_too(sender):
    create(Parcel(sender=sender, title="only one"), by=sender)
    with pytest.raises(Invalid) as refusal:
        create(Parcel(sender=sender, title="only one"), by=sender)
    assert "testapp_parcel_title" in refusal.value.reasons[0].detail
    assert Parcel.objects.count() == 1
