"""The people, the parcel and the carrier of the engine's tests serve here too."""

from tests.engine import conftest as engine

answers = engine.answers
clerk = engine.clerk
operator = engine.operator
packed = engine.packed
parcel = engine.parcel
people = engine.people
run_of = engine.run_of
sender = engine.sender
shipping = engine.shipping
