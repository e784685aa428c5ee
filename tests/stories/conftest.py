"""The people, the parcel and the carrier of the engine's tests."""

from tests.engine.conftest import (  # noqa: F401  fixtures, found by name
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
