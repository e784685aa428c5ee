"""The people, the parcel and the carrier of the engine's tests, and what a busy year leaves."""

from tests.engine.conftest import (
    answers,
    clerk,
    operator,
    packed,
    parcel,
    people,
    run_of,
    sender,
    shipping,
)
from tests.plans.old_days import old_days
from tests.plans.old_mail import old_mail
