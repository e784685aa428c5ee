"""The people, the parcel and the carrier of the engine's tests."""

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
