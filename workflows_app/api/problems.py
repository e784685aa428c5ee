"""Problems: every refusal as ``application/problem+json`` (RFC 9457)."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import set_rollback

from workflows_app.contract.data import reasons_of
from workflows_app.engine.refuse_edit import PROTECTED
from workflows_app.failures import (
    Forbidden,
    Invalid,
    KeyReused,
    NotAllowed,
    Reason,
    Refused,
    Stale,
    TryAgain,
)

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class ProblemType:
    """One kind of problem: its name, its status, and a title that never varies."""

    slug: str
    status: int
    title: str

    @property
    def uri(self) -> str:
        """What ``type`` says: a name that is the same on every host."""
        return f"urn:problem-type:workflows:{self.slug}"


KEY_MISSING = ProblemType("idempotency-key-missing", 400, "A command needs an Idempotency-Key")
KEY_INVALID = ProblemType("idempotency-key-invalid", 400, "The Idempotency-Key is malformed")
KEY_REUSED = ProblemType("idempotency-key-reused", 422, "The key stands for another request")
PRECONDITION_REQUIRED = ProblemType("precondition-required", 428, "This command needs If-Match")
PRECONDITION_INVALID = ProblemType("precondition-invalid", 400, "The If-Match is malformed")
STALE_VERSION = ProblemType("stale-version", 412, "The object has changed")
TRANSITION_NOT_ALLOWED = ProblemType("transition-not-allowed", 409, "Not possible in this state")
SUPERSEDED = ProblemType("superseded", 409, "A later operation has ended it")
GUARD_FAILED = ProblemType("guard-failed", 409, "Something is missing")
TRANSITION_FORBIDDEN = ProblemType("transition-forbidden", 403, "Not for you")
VALIDATION_ERROR = ProblemType("validation-error", 422, "The data is not valid")
PROTECTED_FIELD = ProblemType("protected-field", 422, "Only a command writes this member")
PARSE_ERROR = ProblemType("parse-error", 400, "The body cannot be read")
TRY_AGAIN = ProblemType("try-again", 503, "Busy: send the same request again")
SIGNATURE_INVALID = ProblemType("webhook-signature-invalid", 403, "The signature is not valid")
TIMESTAMP_OUT_OF_RANGE = ProblemType(
    "webhook-timestamp-out-of-range", 403, "Signed too long ago, or in the future"
)

TYPES = (
    KEY_MISSING,
    KEY_INVALID,
    KEY_REUSED,
    PRECONDITION_REQUIRED,
    PRECONDITION_INVALID,
    STALE_VERSION,
    TRANSITION_NOT_ALLOWED,
    SUPERSEDED,
    GUARD_FAILED,
    TRANSITION_FORBIDDEN,
    VALIDATION_ERROR,
    PROTECTED_FIELD,
    PARSE_ERROR,
    TRY_AGAIN,
    SIGNATURE_INVALID,
    TIMESTAMP_OUT_OF_RANGE,
)


class Problem(exceptions.APIException):
    """A typed problem. ``members`` are further values the detail mentions or a client needs."""

    def __init__(
        self,
        kind: ProblemType,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail, kind.slug)
        self.kind, self.members, self.headers = kind, members, dict(headers or {})
        self.status_code = kind.status


def problem_response(
    status: int,
    detail: str = "",
    *,
    kind: ProblemType | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """The answer itself; without a type it is ``about:blank`` with HTTP's own title."""
    body = {
        "type": kind.uri if kind else "about:blank",
        "title": kind.title if kind else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or HTTPStatus(status).description or HTTPStatus(status).phrase,
        **members,
    }
    content = json.dumps(body, cls=JSONEncoder)
    return HttpResponse(content, status=status, content_type=CONTENT_TYPE, headers=headers)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """For REST_FRAMEWORK["EXCEPTION_HANDLER"], where a project wants problems in every view."""
    known = _known(error)
    if known is None:
        return None
    set_rollback()
    if isinstance(known, Problem):
        return problem_response(
            known.status_code,
            str(known.detail),
            kind=known.kind,
            headers=known.headers,
            **known.members,
        )
    return _of_the_framework(known)


def problem_of(refusal: Refused, **members: Any) -> Problem:
    """The problem that tells HTTP clients of a refused command."""
    kind = _kind_of(refusal)
    told = {**refusal.facts, **members}
    if isinstance(refusal, Invalid):
        told["errors"] = errors_of(refusal.reasons)
    elif refusal.reasons or kind is GUARD_FAILED:
        reasons = refusal.reasons or [refusal]
        told["reasons"] = [_reason_of(one) for one in reasons]
    headers = {}
    if isinstance(refusal, TryAgain):
        headers["Retry-After"] = str(math.ceil(refusal.retry_after.total_seconds()))
    return Problem(kind, refusal.detail, headers=headers, **told)


def _kind_of(refusal: Refused) -> ProblemType:
    if refusal.code == PROTECTED:
        return PROTECTED_FIELD
    if any(reason.code == SUPERSEDED.slug for reason in refusal.reasons):
        return SUPERSEDED
    return next((kind for wide, kind in _KINDS if isinstance(refusal, wide)), GUARD_FAILED)


def _reason_of(reason: Any) -> dict[str, str]:
    """A guard, or the refusal itself, says why; what is about a member of the body points at it."""
    pointer = getattr(reason, "pointer", "")
    told = {"code": reason.code, "detail": reason.detail}
    return told | ({"pointer": f"#{pointer}"} if pointer else {})


def errors_of(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    """Reasons about the data: each with a JSON pointer into the body."""
    return [{"pointer": f"#{r.pointer}", "detail": r.detail, "code": r.code} for r in reasons]


_KINDS = (
    (Stale, STALE_VERSION),
    (NotAllowed, TRANSITION_NOT_ALLOWED),
    (Forbidden, TRANSITION_FORBIDDEN),
    (Invalid, VALIDATION_ERROR),
    (KeyReused, KEY_REUSED),
    (TryAgain, TRY_AGAIN),
)


def _known(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, Refused):
        current = error.current
        told = {"current": {"state": current.state, "version": current.version}} if current else {}
        return problem_of(error, **told)
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, exceptions.ParseError):
        return Problem(PARSE_ERROR, str(error.detail))
    if isinstance(error, exceptions.ValidationError):
        errors = errors_of(reasons_of(error.detail))
        return Problem(VALIDATION_ERROR, VALIDATION_ERROR.title + ".", errors=errors)
    return error if isinstance(error, exceptions.APIException) else None


def _of_the_framework(error: exceptions.APIException) -> HttpResponse:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    code = str(error.get_codes())
    return problem_response(error.status_code, str(error.detail), headers=headers, code=code)
