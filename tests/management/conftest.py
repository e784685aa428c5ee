"""The people, the parcel and the carrier of the engine's tests serve here too."""

from tests.engine.conftest import (  # noqa: F401
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
