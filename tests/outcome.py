"""A pytest plugin that leaves the outcome of a run as JSON for the program that started it."""

import json
import os
from pathlib import Path

OUTCOMES = ["passed", "failed", "error", "skipped", "xfailed", "xpassed"]


def pytest_terminal_summary(terminalreporter):
    target = os.environ.get("WORKFLOWS_TEST_OUTCOME")
    if target:
        Path(target).write_text(json.dumps(outcome(terminalreporter.stats)))


def outcome(stats):
    counts = {name: len(stats.get(name, [])) for name in OUTCOMES}
    reasons = sorted({reason(report) for report in stats.get("skipped", [])})
    return {"counts": counts, "skipped_because": reasons}


def reason(report):
    path, line, text = report.longrepr
    return f"{Path(path).name}:{line}: {text}"
