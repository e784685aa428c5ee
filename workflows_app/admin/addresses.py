"""Addresses: where the admin shows an object, a command, a row."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html


def object_url(site: AdminSite, obj: Any) -> str:
    """Where an object or row is shown."""
    return _url(site, obj, "change", quote(obj.pk))


def command_url(site: AdminSite, obj: Any, name: str) -> str:
    """Where a command is confirmed."""
    return _url(site, obj, "command", quote(obj.pk), name)


def creation_url(site: AdminSite, model: Any, name: str) -> str:
    """Where a command that creates is confirmed."""
    return _url(site, model, "creation", name)


def list_url(site: AdminSite, model: Any, **filters: Any) -> str:
    """The list of a model, filtered."""
    return _url(site, model, "changelist") + (f"?{urlencode(filters)}" if filters else "")


def row_url(request: HttpRequest, site: AdminSite, model: Any, pk: Any) -> str | None:
    """Where a row is shown; None where this user may not look at it."""
    return _url(site, model, "change", quote(pk)) if may_look(request, site, model) else None


def linked(site: AdminSite, model: Any, pk: Any, text: Any) -> Any:
    """The text, as a link where this site shows such rows."""
    if not site.is_registered(model):
        return text
    return format_html('<a href="{}">{}</a>', _url(site, model, "change", quote(pk)), text)


def may_look(request: HttpRequest, site: AdminSite, model: Any) -> bool:
    """Whether this site shows such rows to this user."""
    if not site.is_registered(model):
        return False
    return bool(site.get_model_admin(model).has_view_permission(request))


def _url(site: AdminSite, model: Any, page: str, *args: Any) -> str:
    meta = model._meta
    name = f"admin:{meta.app_label}_{meta.model_name}_{page}"
    return reverse(name, args=args, current_app=site.name)
