"""Killing the worker: in every phase of an effect, every role of the cluster, again and again."""

import pytest

pytest.register_assert_rewrite("tests.kills.story", "tests.worker_process")
