"""The form of a command: what people can enter for each kind of declared data."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django import forms
from django.http import QueryDict
from rest_framework import serializers

from workflows_app.admin.data_form import DataForm
from workflows_app.contract.data import bring


class Everything(serializers.Serializer):
    text = serializers.CharField(max_length=20)
    letter = serializers.CharField(style={"base_template": "textarea.html"}, help_text="Long.")
    count = serializers.IntegerField(min_value=1, max_value=9)
    share = serializers.FloatField()
    amount = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=1)
    urgent = serializers.BooleanField()
    sure = serializers.BooleanField(allow_null=True)
    day = serializers.DateField()
    moment = serializers.DateTimeField()
    size = serializers.ChoiceField(choices=[("s", "Small"), ("l", "Large")])
    colours = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(required=False, allow_blank=True)
    limit = serializers.IntegerField(required=False, allow_null=True)
    version = serializers.IntegerField(read_only=True)
    secret = serializers.HiddenField(default="x")


FILLED = {
    "data-text": "books",
    "data-letter": "Dear",
    "data-count": "3",
    "data-share": "0.5",
    "data-amount": "12.50",
    "data-urgent": "on",
    "data-sure": "unknown",
    "data-day": "2026-11-20",
    "data-moment": "2026-11-20T10:15",
    "data-size": "l",
    "data-colours": '["red", "blue"]',
}


def sent(**changed):
    query = QueryDict(mutable=True)
    query.update(FILLED | {f"data-{name}": value for name, value in changed.items()})
    return query


def test_every_common_kind_has_a_field_of_its_own():
    fields = DataForm(Everything).fields
    kinds = {name: type(field) for name, field in fields.items()}
    assert kinds == {
        "text": forms.CharField,
        "letter": forms.CharField,
        "count": forms.IntegerField,
        "share": forms.FloatField,
        "amount": forms.DecimalField,
        "urgent": forms.BooleanField,
        "sure": forms.NullBooleanField,
        "day": forms.DateField,
        "moment": forms.DateTimeField,
        "size": forms.ChoiceField,
        "colours": forms.JSONField,
        "note": forms.CharField,
        "limit": forms.IntegerField,
    }
    assert isinstance(fields["letter"].widget, forms.Textarea)
    assert fields["letter"].help_text == "Long."
    assert str(fields["colours"].label) == "Colours (JSON)"


def test_what_was_entered_passes_the_contract_and_is_left_out_where_it_was_left_empty():
    form = DataForm(Everything, sent())
    assert form.is_valid(), form.errors
    brought = bring(Everything, form.data_of_command())
    assert brought.validated == {
        "text": "books",
        "letter": "Dear",
        "count": 3,
        "share": 0.5,
        "amount": Decimal("12.50"),
        "urgent": True,
        "sure": None,
        "day": date(2026, 11, 20),
        "moment": datetime(2026, 11, 20, 16, 15, tzinfo=UTC),  # America/Chicago, the default
        "size": "l",
        "colours": ["red", "blue"],
        "secret": "x",
    }


def test_a_box_that_is_not_ticked_says_no():
    query = sent()
    del query["data-urgent"]
    form = DataForm(Everything, query)
    assert form.is_valid(), form.errors
    assert form.data_of_command()["urgent"] is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", ""),
        ("text", "x" * 21),
        ("count", "10"),
        ("amount", "0.5"),
        ("amount", "1.234"),
        ("day", "yesterday"),
        ("size", "m"),
        ("colours", "red"),
    ],
)
def test_what_cannot_be_right_is_marked_before_it_is_sent(name, value):
    form = DataForm(Everything, sent(**{name: value}))
    assert not form.is_valid()
    assert set(form.errors) == {name}


def test_names_that_the_page_uses_itself_stay_apart():
    class Names(serializers.Serializer):
        reason = serializers.CharField()
        key = serializers.CharField()
        fields_ = serializers.CharField(required=False)
        prefix = serializers.CharField()

    form = DataForm(Names, QueryDict("data-reason=a&data-key=b&data-prefix=c&reason=no&key=no"))
    assert form.is_valid(), form.errors
    assert form.data_of_command() == {"reason": "a", "key": "b", "prefix": "c"}


def test_a_django_form_as_data_brings_its_own_fields():
    class Weight(forms.Form):
        grams = forms.IntegerField()
        note = forms.CharField(required=False)

    form = DataForm(Weight, QueryDict("data-grams=5&data-note="))
    assert form.is_valid(), form.errors
    assert form.data_of_command() == {"grams": 5}
    assert DataForm(Weight).fields["grams"] is not Weight.base_fields["grams"]


def test_a_transition_without_data_has_no_fields():
    form = DataForm(None, QueryDict("data-grams=5"))
    assert form.is_valid()
    assert form.data_of_command() == {}
