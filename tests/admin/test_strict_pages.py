"""Strict pages: no script and no style of a page's own, and markup that says what it is."""

import re

import pytest
from django.urls import reverse

from workflows_app.models import EffectRun, Event, Operation

from .conftest import command_of, confirmation, page_of

INLINE = re.compile(
    r'\sstyle\s*=|<style|\son[a-z]+\s*=\s*["\']|javascript:|<script(?![^>]*\ssrc=)', re.IGNORECASE
)


@pytest.fixture
def pages(retrying, clerk, viewer, browser_of):
    """Every page of ours, by name, as HTML."""
    client, parcel = browser_of(clerk), retrying
    rows = {
        model._meta.model_name: [
            reverse(f"admin:workflows_app_{model._meta.model_name}_changelist"),
            reverse(f"admin:workflows_app_{model._meta.model_name}_change", args=[pk]),
        ]
        for model in (Operation, EffectRun, Event)
        for pk in [model.objects.last().pk]
    }
    snapshot = [parcel.pk, parcel.history.first().history_id]
    addresses = {
        "object": page_of(parcel),
        "confirm": command_of(parcel, "cover"),
        "impossible": command_of(parcel, "pack"),
        "history": page_of(parcel, "history"),
        "snapshot": reverse("admin:testapp_parcel_simple_history", args=snapshot),
        **{f"{name} {i}": url for name, urls in rows.items() for i, url in enumerate(urls)},
    }
    html = {name: client.get(url).content.decode() for name, url in addresses.items()}
    wrong = confirmation(parcel, **{"data-grams": "many"})
    html["refused"] = client.post(command_of(parcel, "pack"), wrong).content.decode()
    html["read-only"] = browser_of(viewer).get(page_of(parcel)).content.decode()
    return html


def test_no_page_has_a_script_or_style_of_its_own(pages):
    assert {name: INLINE.findall(html) for name, html in pages.items()} == dict.fromkeys(pages, [])


def test_an_inline_style_or_script_would_be_found():
    for bad in ('<p style="x">', "<style>", '<a onclick="f()">', "<script>f()</script>"):
        assert INLINE.search(bad)
    assert not INLINE.search('<script src="/static/a.js" async></script>')


def test_every_section_and_navigation_has_a_name(pages):
    for name, html in pages.items():
        for tag in re.findall(r"<(?:nav|section)[^>]*>", html):
            assert "aria-label" in tag, (name, tag)
        labelled = set(re.findall(r'aria-labelledby="([^"]+)"', html))
        assert labelled <= set(re.findall(r'\sid="([^"]+)"', html)), name


def test_every_page_uses_each_id_once(pages):
    for name, html in pages.items():
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), (name, sorted(ids))


def test_every_field_of_a_command_has_a_label(pages):
    form = pages["refused"].split("<main")[1]
    fields = re.findall(r'<(?:input|textarea|select)[^>]*\sid="(id_data-[^"]+|id_reason)"', form)
    assert fields
    assert set(fields) <= set(re.findall(r'<label[^>]*for="([^"]+)"', form))
