"""The status field: a django-fsm-2 field that knows its states and keeps its protection."""

from typing import Any

from django.db.models import Model
from django.utils import timezone
from django_fsm import FSMField, FSMFieldDescriptor

from workflows_app.contract.registry import bind
from workflows_app.contract.states import States

from .protection import SinceField, is_shadow, refuse_assignment
from .state_lookups import StateIn, StateIs


class StatusDescriptor(FSMFieldDescriptor):
    """Reads the state; refuses assignment instance by instance."""

    def __set__(self, instance: Model, value: Any) -> None:
        refuse_assignment(self.field, instance)
        self.field.set_proxy(instance, value)
        self.field.set_state(instance, value)


class StatusField(FSMField):
    """The protected state of an object: ``status = StatusField(Status)``.

    Brings ``<name>_since`` with it. Migrations see a plain text column without states, so a new
    state makes no migration and a removed one never breaks an old one.
    """

    descriptor_class = StatusDescriptor
    #: In a snapshot: it keeps what was stored then, also a former value.
    literal = False

    def __init__(self, states: type[States] | None = None, **kwargs: Any) -> None:
        self.states = states
        if states is not None:
            kwargs.setdefault("default", str(states.initial))
            kwargs.setdefault("choices", states.choices())
        kwargs.setdefault("protected", True)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        """Without the contract: neither states nor default nor choices."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("protected", None)
        if self.states is not None:
            for word in ("default", "choices"):
                kwargs.pop(word, None)
        return name, path, args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        """The stored text, whatever kind of text a state is."""
        prepared = super().get_prep_value(value)
        return str(prepared) if isinstance(prepared, str) else prepared

    def to_python(self, value: Any) -> Any:
        """The stored text."""
        return str(value) if isinstance(value, str) else super().to_python(value)

    def get_state(self, instance: Model) -> Any:
        """The state as it is called today, also where the row has it under a former name."""
        stored = self.stored_state(instance)
        return stored if self.states is None or self.literal else self.states.present(stored)

    def stored_state(self, instance: Model) -> Any:
        """What the row says."""
        return super().get_state(instance)

    def set_state(self, instance: Model, state: Any) -> None:
        """Keep plain text in the instance, so that it pickles and prints like what is stored."""
        instance.__dict__[self.attname] = str(state) if isinstance(state, str) else state

    def contribute_to_class(
        self, cls: Any, name: str, private_only: bool = False, **kwargs: Any
    ) -> None:
        """Join the model: with the since column and the contract, unless the model is a copy."""
        super().contribute_to_class(cls, name, private_only=private_only, **kwargs)
        if is_shadow(cls):
            self.protected = False
            self._keep_as_stored()
        elif self.states is not None and not cls._meta.abstract:
            _add_since(cls, f"{name}_since")

    def _keep_as_stored(self) -> None:
        self.literal = True
        if self.states is not None:
            self.choices = self.states.choices(former=True)

    def _collect_transitions(self, *args: Any, **kwargs: Any) -> None:
        sender = kwargs["sender"]
        if is_shadow(sender):
            if issubclass(sender, self.base_cls):
                self.transitions[sender] = {}
            return
        super()._collect_transitions(*args, **kwargs)
        if self.states is not None and issubclass(sender, self.base_cls):
            _prefer_declared(sender, f"{self.name}_since")
            _bind_concrete(sender, self.name)


StatusField.register_lookup(StateIs)
StatusField.register_lookup(StateIn)


def _add_since(cls: Any, name: str) -> None:
    if name not in {field.name for field in cls._meta.local_fields}:
        since = SinceField(default=timezone.now, editable=False)
        since.contribute_to_class(cls, name)


def _prefer_declared(cls: Any, name: str) -> None:
    """A column the model declares itself, further down than the state, replaces ours."""
    found = [field for field in cls._meta.local_fields if field.name == name]
    if len(found) > 1:  # in the order they were made: ours came last
        cls._meta.local_fields = [f for f in cls._meta.local_fields if f is not found[-1]]
        cls._meta._expire_cache()


def _bind_concrete(model: type[Model], field: str) -> None:
    if not (model._meta.abstract or model._meta.proxy):
        bind(model, field)
