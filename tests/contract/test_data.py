"""What a command brings is validated once, and stored as JSON."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.http import QueryDict
from rest_framework import serializers

from workflows_app import Invalid
from workflows_app.contract.data import as_json, bring, keep_declared, members_of


class Line(serializers.Serializer):
    amount = serializers.DecimalField(max_digits=5, decimal_places=2)


class Order(serializers.Serializer):
    day = serializers.DateField()
    note = serializers.CharField(required=False)
    lines = Line(many=True, required=False)
    number = serializers.IntegerField(read_only=True)


class GroupNamed(serializers.ModelSerializer):
    reason = serializers.CharField()

    class Meta:
        model = Group
        fields = ("name", "reason")


class ByHand:
    """No serializer: the three words are enough."""

    def __init__(self, data):
        self.validated_data = dict(data)
        self.errors = {}

    def is_valid(self):
        return True


def reasons(declared, raw):
    with pytest.raises(Invalid) as refused:
        bring(declared, raw)
    return {(reason.pointer, reason.code) for reason in refused.value.reasons}


def test_the_body_sees_python_and_the_row_keeps_json():
    brought = bring(Order, {"day": "2026-02-03", "lines": [{"amount": "1.50"}]})
    assert brought.validated["day"] == datetime.date(2026, 2, 3)
    assert brought.validated["lines"] == [{"amount": Decimal("1.50")}]
    assert brought.stored == {"day": "2026-02-03", "lines": [{"amount": "1.50"}]}


def test_every_fault_is_named_with_its_place():
    raw = {"lines": [{"amount": "1"}, {"amount": "x"}], "colour": 1, "a/b~c": 2}
    assert reasons(Order, raw) == {
        ("/day", "required"),
        ("/lines/1/amount", "invalid"),
        ("/colour", "unknown_field"),
        ("/a~1b~0c", "unknown_field"),
    }


def test_a_member_that_only_answers_cannot_be_sent():
    assert reasons(Order, {"day": "2026-02-03", "number": 1}) == {("/number", "unknown_field")}


@pytest.mark.django_db
def test_members_a_model_serializer_takes_from_its_model_are_known():
    assert bring(GroupNamed, {"name": "red", "reason": "new"}).stored == {
        "name": "red",
        "reason": "new",
    }
    assert members_of(GroupNamed) == {"name", "reason"}


@pytest.mark.parametrize("raw", [None, {}])
def test_a_transition_without_data_brings_nothing(raw):
    assert bring(None, raw).stored == {}


def test_a_transition_without_data_refuses_members():
    assert reasons(None, {"day": 1}) == {("/day", "unknown_field")}


@pytest.mark.parametrize("raw", [[], "text", 5])
def test_data_is_an_object_with_named_members(raw):
    assert reasons(Order, raw) == {("", "invalid")}


def test_a_form_may_bring_it():
    assert bring(Order, QueryDict("day=2026-02-03")).stored == {"day": "2026-02-03"}


def test_a_dotted_path_is_resolved_when_it_is_used():
    assert bring("tests.testapp.workflow.Weight", {"grams": 5}).stored == {"grams": 5}


def test_a_class_of_ones_own_needs_three_words_only():
    assert bring(ByHand, {"anything": 1}).stored == {"anything": 1}
    assert keep_declared(ByHand, {"anything": 1}) == {"anything": 1}


def test_a_follow_up_gets_what_it_declares_and_nothing_else():
    result = {"day": "2026-02-03", "reference": "x", "number": 2}
    assert keep_declared(Order, result) == {"day": "2026-02-03"}
    assert keep_declared(None, result) == {}
    assert keep_declared(Order, None) == {}


def test_an_object_is_stored_as_its_key_and_a_file_as_its_digest():
    stored = as_json({"who": Group(pk=7), "file": ContentFile(b"abc", "a.txt"), "set": {2, 1}})
    assert stored["who"] == 7
    assert stored["set"] == [1, 2]
    assert stored["file"] == {
        "name": "a.txt",
        "size": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }


def test_a_file_is_still_whole_after_its_digest_was_taken():
    file = ContentFile(b"abc", "a.txt")
    as_json([file])
    assert file.read() == b"abc"


def test_plain_values_have_a_json_form():
    key = uuid.uuid4()
    moment = datetime.datetime(2026, 2, 3, tzinfo=datetime.UTC)
    assert as_json([key, moment, Decimal("1.0")]) == [str(key), "2026-02-03T00:00:00Z", "1.0"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\0b", {"\0": 1}])
def test_what_no_database_keeps_is_refused_instead_of_breaking_later(value):
    with pytest.raises(Invalid):
        as_json({"value": value})


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "a\\b"])
def test_a_backslash_is_no_null_character(text):
    assert as_json(text) == text
