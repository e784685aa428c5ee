"""The middleware that lets nothing but problems out where an API answers an error."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from workflows_app.conf import settings

from .problems import problem_response


class ProblemsUnderPrefix:
    """First in MIDDLEWARE: errors under WORKFLOWS["API_PREFIX"] that are no JSON become problems.

    Unknown addresses, refused cookies, bodies too large and crashes are answered outside of any
    view, as HTML.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        under_prefix = request.path_info.startswith(settings.API_PREFIX)
        return _as_problem(response) if under_prefix and _is_page(response) else response


def _is_page(response: HttpResponseBase) -> bool:
    """Whether this is an error that was written for people with a browser."""
    content_type = response.headers.get("Content-Type", "").partition(";")[0]
    return response.status_code >= HTTPStatus.BAD_REQUEST and not content_type.endswith("json")


def _as_problem(response: HttpResponseBase) -> HttpResponseBase:
    detail = _DETAILS.get(response.status_code, "")
    problem = problem_response(response.status_code, detail)
    for name, value in response.headers.items():
        if name not in ("Content-Type", "Content-Length"):
            problem.headers[name] = value
    problem.cookies = response.cookies
    return problem


_DETAILS = {
    400: "The request cannot be read, or its body is too large.",
    403: "The request was refused; a request with a session cookie needs a CSRF token.",
    404: "There is nothing at this address.",
    500: "Something went wrong here, and it was recorded. Nothing of a failed command is kept.",
}
