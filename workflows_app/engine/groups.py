"""Groups: what the end of a member means for the others, and for the group.

A group is a run that nobody claims: held while its members are not settled, and settled with the
last of them, in the same transaction. Everything here happens under the object's lock.
"""

from typing import Any

from django.utils import timezone

from workflows_app.contract.groups import Way
from workflows_app.contract.registry import contract_for
from workflows_app.models import EffectRun, FollowUp, RunState
from workflows_app.models.clock import database_now
from workflows_app.models.effect_run import GROUP

from .outbox import free_lane, let_go, pass_lane
from .tree import Tree


def go_on(using: str, run: EffectRun) -> list[EffectRun]:
    """Let the groups of a settled member go on; those that are settled now and have a follow-up.

    The next member goes, or those that will not go any more are cancelled, or the group is settled.
    """
    tree = Tree(using, run)
    _leave_failure_to_group(tree, run)
    for group in tree.around(run):
        if group.settled or not _settled_now(tree, group):
            break
    return [group for group in tree.ended if group.follow_up == FollowUp.PENDING]


def answer(using: str, run: EffectRun) -> None:
    """Tell the failures of settled groups what became of them, and let go of the lanes.

    Called when what follows from the groups of this run, or from this group, has been tried.
    """
    tree = Tree(using, run)
    for group in tree.groups:
        _answer_failures(tree, group)
    _free_lanes(tree, tree.root_of(run))


def _leave_failure_to_group(tree: Tree, run: EffectRun) -> None:
    """What its own ``otherwise`` would be tried for waits for the group's."""
    member = tree.row(run)
    around = tree.around(member)
    replaced = any("otherwise" in group.data["replaces"] for group in around[:1])
    failed = member.state == RunState.FAILED and member.superseded_by_id is None
    if failed and replaced and not all(one.settled for one in around):
        tree.save(member, follow_up=FollowUp.PENDING)


def _settled_now(tree: Tree, group: EffectRun) -> bool:
    """Start what may go, and settle the group if nothing more will come."""
    members = tree.members(group)
    in_order = group.data["way"] == Way.IN_ORDER
    waits = _waits_in_order if in_order else _waits_for_all
    if waits(tree, group, members):
        return False
    _settle(tree, group, members)
    return True


def _waits_in_order(tree: Tree, group: EffectRun, members: list[EffectRun]) -> bool:
    for place, member in enumerate(members, start=1):
        _start(tree, group, member)
        if not member.settled:
            return True
        if _missed(group, members[:place], len(members)):
            for later in members[place:]:
                _cancel(tree, later)
            return False
    return False


def _waits_for_all(tree: Tree, group: EffectRun, members: list[EffectRun]) -> bool:
    for member in members:
        _start(tree, group, member)
    return not all(member.settled for member in members)


def _start(tree: Tree, group: EffectRun, member: EffectRun) -> None:
    if member.settled or member.in_turn or not group.in_turn:
        return
    tree.save(member, in_turn=True)
    if member.safety == GROUP:
        _settled_now(tree, member)
    else:
        let_go(tree.using, member)


def _cancel(tree: Tree, run: EffectRun) -> None:
    """It was never in turn, so nobody has it."""
    if run.settled:
        return
    tree.save(run, state=RunState.CANCELLED, due=None, finished_at=timezone.now())
    for member in tree.members(run):
        _cancel(tree, member)


def _missed(group: EffectRun, members: list[EffectRun], of: int) -> list[EffectRun]:
    """Those that the group needs and that will not be done; ``of``: how many it has in all."""
    needs = group.data["needs"]
    lost = [member for member in members if member.settled and not _is_done(member)]
    if isinstance(needs, list):
        return [member for place, member in enumerate(members) if place in needs and member in lost]
    return lost if len(lost) > of - needs else []


def _is_done(run: EffectRun) -> bool:
    """A skipped one is as good as done: a person said to go on without it. One that a later
    operation superseded is not, whatever came of it.
    """
    return run.state in (RunState.DONE, RunState.SKIPPED) and run.superseded_by_id is None


def _settle(tree: Tree, group: EffectRun, members: list[EffectRun]) -> None:
    missed = _missed(group, members, len(members))
    failed = next((one for one in missed if one.state == RunState.FAILED), None)
    state = RunState.DONE
    if missed:  # what was superseded has no follow-up, and no more has a group that needed it
        state = RunState.FAILED if failed else RunState.CANCELLED
    elif all(member.state == RunState.SKIPPED for member in members):
        state = RunState.SKIPPED
    word = {RunState.DONE: "then", RunState.FAILED: "otherwise"}.get(state, "")
    tree.save(
        group,
        state=state,
        result=_results(tree, group),
        failure=failed.failure if failed else None,
        follow_up=FollowUp.PENDING if group.data.get(word) else FollowUp.NONE,
        follow_up_due=database_now(tree.using) if group.data.get(word) else None,
        finished_at=timezone.now(),
    )
    tree.ended.append(group)


def _results(tree: Tree, group: EffectRun) -> dict[str, Any]:
    """By the name of each effect its dict; none where it is not done."""
    return {
        _name_of(run): run.result if run.state == RunState.DONE else None
        for run in tree.within(group)
        if run.safety != GROUP
    }


def _name_of(run: EffectRun) -> str:
    effect = contract_for(run.object_type).effect_named(run.effect)
    return effect.name if effect else run.effect


def _answer_failures(tree: Tree, group: EffectRun) -> None:
    ended = _ANSWERS.get(RunState(group.state))
    if group.state == RunState.FAILED and "otherwise" in group.data:
        ended = FollowUp.DONE
    if ended is None:  # it is not settled, or a group around it answers
        return
    for run in tree.within(group):
        own = run.follow_up_due is not None
        if run.state == RunState.FAILED and run.follow_up == FollowUp.PENDING and not own:
            tree.save(run, follow_up=ended)


#: What follows from the failure of a member, by the end of its group. Done: it was stepped over.
_ANSWERS = {
    RunState.DONE: FollowUp.NONE,
    RunState.CANCELLED: FollowUp.UNWANTED,
    RunState.SKIPPED: FollowUp.UNWANTED,
}


def _free_lanes(tree: Tree, root: EffectRun) -> None:
    """A failure keeps its lane until it is answered. Members of the same tree may pass: what
    answers it waits for them.
    """
    runs = tree.within(root)
    for holder in [run for run in runs if run.settled and run.holds_lane]:
        mates = [run for run in runs if run.lane == holder.lane]
        blamed = next((run for run in mates if _is_unanswered(tree, run)), None)
        if blamed is None:
            free_lane(tree.using, holder)
            continue
        heir = next((run for run in mates if run.state == RunState.HELD), blamed)
        pass_lane(tree.using, holder, heir)


def _is_unanswered(tree: Tree, run: EffectRun) -> bool:
    if run.state != RunState.FAILED or run.superseded_by_id is not None:
        return False
    around = tree.around(run)
    stepped_over = any(group.state in _ANSWERS for group in around)
    if run.follow_up == FollowUp.NONE and not stepped_over:
        return True
    failed = (one for one in (run, *around) if one.state == RunState.FAILED)
    return any(one.follow_up in _NOT_YET for one in failed)


_NOT_YET = (FollowUp.PENDING, FollowUp.DEAD)
