"""One Idempotency-Key, in either of its two forms, and nothing else."""

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from workflows_app.api.keys import read_key
from workflows_app.api.problems import Problem


def read(*headers):
    """What servers make of one header or several: one value with commas."""
    value = {"HTTP_IDEMPOTENCY_KEY": ",".join(headers)} if headers else {}
    return read_key(Request(RequestFactory().post("/", **value)))


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("abc", "abc"),
        ('"abc"', "abc"),
        (' "abc" ', "abc"),
        ('"a,b"', "a,b"),
        (r'"a\"b\\c"', r'a"b\c'),
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ("!#$%&'()*+-./:;<=>?@[]^_`{|}~", "!#$%&'()*+-./:;<=>?@[]^_`{|}~"),
        ("x" * 255, "x" * 255),
        (f'"{"x" * 255}"', "x" * 255),
    ],
)
def test_a_key_quoted_or_bare(header, key):
    assert read(header) == key


@pytest.mark.parametrize(
    "header",
    [
        "",
        '""',
        '"',
        '"a',
        "a b",
        '"a b"',
        "a,b",
        '"a"x',
        '"a";p=1',
        "ä",
        "x" * 256,
        "a\tb",
        r'"a\b"',
    ],
)
def test_what_is_no_key_is_malformed(header):
    problem = read(header)
    assert isinstance(problem, Problem)
    assert problem.kind.slug == "idempotency-key-invalid"


@pytest.mark.parametrize("second", ["b", '"b"', "a", ""])
@pytest.mark.parametrize("first", ["a", '"a"'])
def test_two_headers_are_no_key(first, second):
    assert read(first, second).kind.slug == "idempotency-key-invalid"


def test_no_header_is_a_missing_key():
    assert read().kind.slug == "idempotency-key-missing"
