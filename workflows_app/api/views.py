"""The view set of a workflow model: list, create, read, edit, timeline, and every transition."""

import functools
from collections.abc import Collection, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, ModelSerializer, Serializer
from rest_framework.viewsets import GenericViewSet

from workflows_app.atomic_requests import outside_transactions
from workflows_app.contract.data import shape_of
from workflows_app.contract.registry import Contract, contract_of
from workflows_app.contract.transitions import Transition
from workflows_app.describe.sight import objects_seen, sees_every
from workflows_app.describe.timeline import WrongCursor, timeline_of
from workflows_app.engine.locking import pk_of
from workflows_app.models import Operation
from workflows_app.models.database import database_of
from workflows_app.models.identity import object_id_of

from .actions import add_commands, command_named, route_name
from .commands import give_beginning
from .conversation import Conversation, tagged
from .creation import give_creation
from .documents import object_document, object_documents, plain_serializer
from .edits import give_edit
from .links import key_in_address, note_basename, url_of
from .pages import NewestFirst, next_url

CREATE, EDIT = "create", "partial_update"


class WorkflowViewSet(Conversation, GenericViewSet[Any]):
    """``class ClaimViewSet(WorkflowViewSet): queryset = Claim.objects.all()``.

    ``serializer_class`` says which columns are shown, which a new object may bring, and which can
    be edited where the contract lets somebody edit them; without one it is every column, and those
    that are editable. Override ``new`` to fill in columns that
    the client may not choose. Where the contract has a command that creates, a new object brings
    that command's data instead. ``seen_by`` hides what the user may not see.
    """

    queryset: QuerySet[Any] | None = None
    parser_classes = [JSONParser]
    pagination_class = NewestFirst
    throttle_scope: str | None = None
    lookup_value_regex = "[^/]+"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.lookup_field != "pk" or cls.lookup_url_kwarg:
            raise ImproperlyConfigured(f"{cls.__name__}: objects are addressed by their pk.")
        if cls.queryset is not None:
            add_commands(cls, contract_of(cls.queryset.model))

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """Called by the router, which knows the name of our addresses."""
        if cls.queryset is not None and initkwargs.get("basename"):
            note_basename(contract_of(cls.queryset.model).object_type, initkwargs["basename"])
        offered = cls._offered(actions)
        view = super().as_view(offered, **initkwargs)
        return outside_transactions(view) if _all_ours(offered) else view

    @classmethod
    def _offered(cls, actions: Any) -> Any:
        """Without POST to the list, where several commands create and each has its own address."""
        if cls.queryset is None or len(contract_of(cls.queryset.model).all_creations) < 2:
            return actions
        return {method: name for method, name in actions.items() if name != CREATE}

    def new(self, **columns: Any) -> Model:
        """An unsaved object from validated columns.

        Override it to add what the client may not choose:
        ``return super().new(claimant=self.request.user, **columns)``.
        """
        return self.model(**columns)

    def list(self, request: Request) -> Response:
        """The objects the user may see, each with its status document without actions."""
        page = self.paginate_queryset(self.visible_objects())
        objects = list(self.visible_objects()) if page is None else page
        documents = object_documents(self, objects)
        return Response(documents) if page is None else self.get_paginated_response(documents)

    def create(self, request: Request) -> Response:
        """Create an object: a command like any other."""
        transition = self.transition
        return give_creation(self) if transition is None else give_beginning(self, transition)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """The object, with its status document under ``workflow``."""
        obj = self.get_object()
        return tagged(request, object_document(self, obj), obj.version)

    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Edit columns: a command like any other."""
        return give_edit(self)

    @action(detail=True, methods=["get"])
    def timeline(self, request: Request, **kwargs: Any) -> Response:
        """Everything that happened to the object, oldest first.

        The timeline of a deleted object is for those who see every object.
        """
        try:
            page = timeline_of(
                self.contract, self._remembered_id(), after=request.query_params.get("cursor")
            )
        except WrongCursor as error:
            raise NotFound(str(error)) from error
        return Response({"next": next_url(request, page.next), "results": page.entries})

    def _remembered_id(self) -> str:
        """The id of the object this user sees, or of a deleted one that this user has seen."""
        try:
            return object_id_of(self.get_object())
        except Http404:
            object_id = self.named_object_id()
            gone = not self._is_there(object_id)
            if object_id is None or not (gone and sees_every(self.request.user, self.model)):
                raise
            if not Operation.objects.of(self.contract.object_type, object_id).exists():
                raise
            return object_id

    def _is_there(self, object_id: str | None) -> bool:
        rows = self.model._base_manager.using(database_of(self.model))
        return rows.filter(pk=object_id).exists()

    @property
    def model(self) -> type[Model]:
        """The user's model."""
        if self.queryset is None:
            raise ImproperlyConfigured(f"{type(self).__name__} needs a queryset.")
        return self.queryset.model

    @property
    def contract(self) -> Contract:
        """The contract the model obeys; the first one where there are several."""
        return contract_of(self.model)

    @property
    def transition(self) -> Transition | None:
        """The transition this request is for, if it is a command."""
        # Not self.action: for OPTIONS that is "metadata", while the request's method is POST.
        name = self.action_map.get(str(self.request.method).lower()) or ""
        if name == CREATE:
            return next(iter(self.contract.all_creations), None)
        command = command_named(name)
        return None if command is None else self.contract.transition_named(command)

    def state_of(self, obj: Model, transition: Transition) -> str:
        """Where the object stands in the workflow of this transition."""
        return contract_of(obj, transition.field).state_of(obj)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Only what the user may see, however the project narrows it further, and as it is now."""
        here = queryset.using(database_of(self.model))
        return objects_seen(self.request.user, super().filter_queryset(here))

    def visible_objects(self) -> QuerySet[Any]:
        """The objects the user may see through this view set."""
        return self.filter_queryset(self.get_queryset())

    def named_object_id(self) -> str | None:
        """The id of the object the address names, seen or not; None for what cannot be one."""
        key = pk_of(self.model, key_in_address(self.kwargs["pk"]))
        return None if key is None else str(key)

    def get_object(self) -> Any:
        """The object the address names; 404 for one the user may not see."""
        named = self.named_object_id()
        try:
            found = get_object_or_404(self.visible_objects(), pk=named)
        except ValueError as error:  # a null character
            raise Http404 from error
        # MariaDB finds "Ab" under "ab"; an answer is kept under one name only.
        if object_id_of(found) != named:
            raise Http404
        self.check_object_permissions(self.request, found)
        return found

    def command_url(self, obj: Model, name: str) -> str | None:
        """The absolute address of a transition of this object."""
        return url_of(self.request, f"{self.basename}-{route_name(name)}", pk=obj.pk)

    def get_object_serializer_class(self) -> type[BaseSerializer[Any]]:
        """The serializer of the object's columns."""
        return self.serializer_class or _plain_serializer(self.model)

    def columns_of(self, obj: Model) -> dict[str, Any]:
        """The object's columns, as this view set shows them."""
        if self.serializer_class is None:
            return dict(_plain_output(self.model).to_representation(obj))
        return dict(self.serializer_class(obj, context=self.get_serializer_context()).data)

    def members_of(self, columns: Collection[str]) -> Sequence[str]:
        """Under which names a client sends these columns; those it cannot send are left out."""
        fields = self._output().fields.items() if columns else ()
        return [name for name, one in fields if one.source in columns and not one.read_only]

    def _output(self) -> Any:
        if self.serializer_class is None:
            return _plain_output(self.model)
        return self.serializer_class(context=self.get_serializer_context())

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """What the request has to bring: for the browsable pages and OPTIONS."""
        if self.transition is None:
            return self.get_object_serializer_class()
        shape = shape_of(self._declaration(self.transition).data)
        is_serializer = isinstance(shape, type) and issubclass(shape, BaseSerializer)
        return shape if is_serializer else Serializer

    def _declaration(self, transition: Transition) -> Transition:
        """The one that holds in the state of the object, where a command has several."""
        if not transition.stacked:
            return transition
        obj = self.visible_objects().filter(pk=self.named_object_id()).first()
        return transition if obj is None else transition.at(self.state_of(obj, transition))

    def get_throttles(self) -> Any:
        """Commands are counted in the scope ``commands``, where the project throttles scopes."""
        if self.transition is not None or self.action in (CREATE, EDIT):
            self.throttle_scope = "commands"
        return super().get_throttles()


def _all_ours(actions: dict[str, str] | None) -> bool:
    """Whether a route leads to nothing that the project has added."""
    return all(name in _OURS or command_named(name) for name in (actions or {}).values())


_OURS = frozenset({"list", CREATE, "retrieve", "partial_update", "timeline"})

_plain_serializer = functools.cache(plain_serializer)


@functools.cache
def _plain_output(model: type[Model]) -> ModelSerializer[Any]:
    """One serializer for every answer: building its fields costs more than using them."""
    return _plain_serializer(model)()
