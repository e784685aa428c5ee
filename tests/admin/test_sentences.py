"""What a form says of a refusal: never nothing."""

import pytest

from workflows_app.admin.command import sentences
from workflows_app.failures import Invalid, NotAllowed, Reason


@pytest.mark.parametrize("kind", [Invalid, NotAllowed])
def test_a_refusal_without_reasons_says_its_own_sentence(kind):
    assert sentences(kind("It is too late for this.")) == [("", "It is too late for this.")]


def test_reasons_say_where_they_belong():
    refusal = Invalid("No.", reasons=[Reason("required", "Fill it in.", "/title")])
    assert sentences(refusal) == [("/title", "Fill it in.")]
