"""A browser to test with: Chromium through its driver's W3C WebDriver protocol, which is JSON."""

import base64
import json
import re
import shutil
import subprocess
import urllib.request
from contextlib import contextmanager

DRIVER = shutil.which("chromedriver")
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name the standard gives a reference
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]


class Browser:
    """One window: go somewhere, find, type, press, look."""

    def __init__(self, url):
        self.url = url

    def go(self, url):
        self._send("POST", "/url", {"url": url})

    def forget(self):
        """Drop every cookie: nobody is logged in."""
        self._chromium("Network.clearBrowserCookies", {})

    @property
    def address(self):
        return self._send("GET", "/url")

    @property
    def text(self):
        return self.text_of("body")

    def find(self, selector):
        """The first element a CSS selector names; waits for it up to ten seconds."""
        found = self._send("POST", "/element", {"using": "css selector", "value": selector})
        return found[ELEMENT]

    def text_of(self, selector):
        return self._send("GET", f"/element/{self.find(selector)}/text")

    def type(self, selector, text):
        self._send("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector):
        self._send("POST", f"/element/{self.find(selector)}/click", {})

    def click_twice(self, selector):
        """Two clicks, half a second apart: long enough for the first to have been sent."""
        place = {"type": "pointerMove", "origin": {ELEMENT: self.find(selector)}, "x": 0, "y": 0}
        click = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        pause = {"type": "pause", "duration": 500}
        mouse = {"type": "pointer", "id": "mouse", "actions": [place, *click, pause, *click]}
        self._send("POST", "/actions", {"actions": [mouse]})

    def press(self, keys):
        """Press keys one after the other, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        board = {"type": "key", "id": "keyboard", "actions": strokes}
        self._send("POST", "/actions", {"actions": [board]})

    def run(self, script):
        return self._send("POST", "/execute/sync", {"script": script, "args": []})

    def complaints(self):
        """What the console has said so far: a violated policy, a missing file of ours."""
        said = [entry["message"] for entry in self._send("POST", "/se/log", {"type": "browser"})]
        return [message for message in said if "/favicon.ico" not in message]

    def show(self, *, width, height, scheme="light"):
        """Size of the window in pixels, and light or dark."""
        self._chromium(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._chromium("Emulation.setEmulatedMedia", {"features": features})

    def picture(self):
        """The window as PNG."""
        return base64.b64decode(self._send("GET", "/screenshot"))

    def _chromium(self, command, params):
        self._send("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def _send(self, method, path, body=None):
        return send(method, self.url + path, body)


@contextmanager
def browser():
    """A driver of its own and a window, closed in the end."""
    driver = subprocess.Popen(
        [DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        sessions = f"http://127.0.0.1:{_port_of(driver)}/session"
        opened = send("POST", sessions, {"capabilities": {"alwaysMatch": _wanted()}})
        window = f"{sessions}/{opened['sessionId']}"
        try:
            yield Browser(window)
        finally:
            send("DELETE", window)
    finally:
        driver.terminate()
        driver.communicate(timeout=20)


def _port_of(driver):
    for line in driver.stdout:
        if said := re.search(r"started successfully on port (\d+)", line):
            return said[1]
    raise RuntimeError("chromedriver did not start")


def _wanted():
    return {
        "goog:chromeOptions": {"binary": CHROMIUM, "args": ARGUMENTS},
        "goog:loggingPrefs": {"browser": "ALL"},
        "timeouts": {"implicit": 10_000, "pageLoad": 30_000},
    }


def send(method, url, body=None):
    """One request of the protocol; its answer's value. Raises on what the driver calls an error."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method)  # noqa: S310  our own driver
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  our own driver
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        with error:
            raise AssertionError(json.load(error)["value"]["message"]) from None
