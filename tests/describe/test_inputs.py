"""What a transition needs, as a form is made from it."""

from django.utils import translation
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from workflows_app.describe.inputs import input_schema


class Login(serializers.Serializer):
    secret = serializers.CharField(label=gettext_lazy("Password"))


def test_the_labels_are_in_the_language_of_each_reader():
    with translation.override("en"):
        assert input_schema(Login)["properties"]["secret"]["title"] == "Password"
    with translation.override("de"):
        assert input_schema(Login)["properties"]["secret"]["title"] == "Passwort"
