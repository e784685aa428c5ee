"""For pytest: ``--workflow-coverage`` tells at the end what of the contracts no test has driven."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .coverage import Coverage

PLUGIN = "workflow-coverage"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; one of them is enough."""
    group = parser.getgroup("workflows")
    group.addoption(
        "--workflow-coverage",
        action="store_true",
        help="Tell which transitions, guards, effects and failures no test has driven.",
    )
    group.addoption(
        "--workflow-coverage-of",
        action="append",
        default=[],
        metavar="APP.MODEL",
        help="Only of this model's contract; may be given several times.",
    )
    group.addoption(
        "--workflow-coverage-json",
        metavar="FILE",
        type=Path,
        help="Write it to this file for programs.",
    )
    group.addoption(
        "--workflow-coverage-fail-under",
        metavar="PERCENT",
        type=float,
        help="Fail the run if less than this much of what is declared was driven.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch where it was asked for."""
    names = ("", "_of", "_json", "_fail_under")
    asked = [config.getoption(f"workflow_coverage{name}") for name in names]
    if any(one or one == 0 and one is not False for one in asked):
        config.pluginmanager.register(WorkflowCoverage(config), PLUGIN)


class WorkflowCoverage:
    """One run of pytest; under pytest-xdist, one of its processes."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.coverage: Coverage

    def pytest_sessionstart(self) -> None:
        """Django is set up now."""
        from .coverage import Coverage

        self._models()  # a wrong name is told now
        self.coverage = Coverage().__enter__()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker of pytest-xdist hands its findings on; otherwise this is the whole."""
        self.coverage.__exit__()
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[PLUGIN] = [_as_list(one) for one in self.coverage.driven]
            return
        if path := self.config.getoption("workflow_coverage_json"):
            path.write_text(json.dumps(self.coverage.as_json(*self._models()), indent=2) + "\n")
        if self._missed() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of pytest-xdist is done; one that crashed has nothing to say."""
        from .coverage import Declared

        found = getattr(node, "workeroutput", {}).get(PLUGIN, ())
        self.coverage.driven |= {Declared(*one) for one in found}

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell it."""
        terminalreporter.section("workflow coverage")
        terminalreporter.write_line(self.coverage.report(*self._models()))
        if self._missed():
            least = self.config.getoption("workflow_coverage_fail_under")
            percent = self.coverage.percent(*self._models())
            terminalreporter.write_line(
                f"FAIL: {percent:.1f} % driven; at least {least:g} % are asked for.", red=True
            )

    def _missed(self) -> bool:
        least = self.config.getoption("workflow_coverage_fail_under")
        return least is not None and self.coverage.percent(*self._models()) < least

    def _models(self) -> list[type[Any]]:
        return [_model(name) for name in self.config.getoption("workflow_coverage_of")]


def _model(name: str) -> type[Any]:
    from django.apps import apps

    from workflows_app.contract.registry import Unbound, contract_of

    try:
        model = apps.get_model(name)
        contract_of(model)
    except (LookupError, ValueError, Unbound):
        told = f"--workflow-coverage-of={name}: no model with a workflow; write app_label.Model."
        raise pytest.UsageError(told) from None
    return model


def _as_list(one: Any) -> list[str]:
    return [one.object_type, one.kind, one.name, one.what]
