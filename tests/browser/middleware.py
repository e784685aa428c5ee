"""What stands between the browser and the site: a strict policy, and a slow network."""

import threading

POLICY = "default-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'"

posted = []
second_came = threading.Event()


def strict_policy(get_response):
    """Pages may use nothing but files of their own origin: no inline script, no inline style."""

    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return middleware


def slow_answers(get_response):
    """The answer to the first command or edit is kept back until it is sent a second time."""
    posted.clear()
    second_came.clear()

    def middleware(request):
        response = get_response(request)
        if request.method == "POST" and request.path.startswith("/admin/testapp/"):
            posted.append(request.path)
            second_came.set() if len(posted) > 1 else second_came.wait(timeout=20)
        return response

    return middleware
