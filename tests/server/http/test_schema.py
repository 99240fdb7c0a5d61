"""Requests that the schema allows, drawn by schemathesis: each is answered, none by an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from http_app import running, service_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from tiny_models import save_llama

ENDPOINTS = 8


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    folder: Path = save_llama(tmp_path_factory.mktemp("llama") / "model", max_position_embeddings=64)
    with running(service_of(folder, max_new_tokens=8)) as server:
        yield schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def test_every_request_is_answered(api: schemathesis.BaseSchema) -> None:
    operations: list[Any] = [found.ok() for found in cast("Any", api.get_all_operations())]
    assert len(operations) >= ENDPOINTS

    @given(st.one_of([operation.as_strategy() for operation in operations]))
    @settings(
        max_examples=100,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    def answered(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=[not_a_server_error])

    answered()
