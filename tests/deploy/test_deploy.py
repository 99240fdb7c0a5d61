"""What is in deploy: files that their programs would read, and figures that are those of the script."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from seekline.server.settings.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = "1.31"
VLLM_FLAGS = {
    *(
        "--model",
        "--served-model-name",
        "--host",
        "--port",
        "--enable-prefix-caching",
        "--enable-prompt-tokens-details",
    ),
    *("--max-model-len", "--gpu-memory-utilization", "--max-num-seqs", "--enable-chunked-prefill", "--api-key"),
    *("--max-num-batched-tokens", "--tensor-parallel-size", "--no-enable-log-requests", "--disable-uvicorn-access-log"),
}
"""Read by the parser of vLLM 0.32.0."""
SGLANG_FLAGS = {
    *(
        "--model-path",
        "--served-model-name",
        "--host",
        "--port",
        "--context-length",
        "--mem-fraction-static",
        "--api-key",
    ),
    *("--max-running-requests", "--chunked-prefill-size", "--schedule-policy", "--enable-cache-report"),
    *("--enable-metrics", "--tp-size"),
}
"""Fields of the server arguments of SGLang 0.5.23."""
ENGINES = {"vllm": VLLM_FLAGS, "sglang": SGLANG_FLAGS}


def flags_in(text: str) -> set[str]:
    return {word.partition("=")[0] for word in text.replace('"', " ").split() if word.startswith("--")}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_flags_are_those_that_were_tried(engine: str) -> None:
    service = yaml.safe_load((DEPLOY / engine / "compose.yaml").read_text("utf-8"))["services"][engine]
    in_compose = flags_in(" ".join([*service["command"], *service["entrypoint"]]))
    deployment = documents(engine)[0]
    in_kubernetes = flags_in(" ".join(deployment["spec"]["template"]["spec"]["containers"][0]["args"]))
    assert in_compose - {"--api-key"} == in_kubernetes - {"--api-key"}
    assert in_kubernetes <= ENGINES[engine]
    assert any("cach" in flag for flag in in_compose)


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_of_what_is_typed_goes_elsewhere(engine: str) -> None:
    compose = yaml.safe_load((DEPLOY / engine / "compose.yaml").read_text("utf-8"))
    service = compose["services"][engine]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["environment"]["HF_HUB_OFFLINE"] == "1"
    assert compose["secrets"]["key"] == {"file": "./key"}
    policy = next(one for one in documents(engine) if one["kind"] == "NetworkPolicy")
    assert policy["spec"]["egress"] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_kubernetes_takes_the_manifests(engine: str) -> None:
    for document in documents(engine):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_the_settings_of_a_developer_are_settings() -> None:
    text = (DEPLOY / "README.md").read_text("utf-8")
    names = [line.partition(" = ")[0] for line in text.splitlines() if line.startswith("remote_")]
    assert len(names) == 4
    assert set(names) <= set(Settings.model_fields)


def test_the_plan_is_what_the_script_says() -> None:
    file = DEPLOY.parent / "bench" / "capacity.py"
    spec = importlib.util.spec_from_file_location("capacity", file)
    assert spec is not None
    assert spec.loader is not None
    capacity = importlib.util.module_from_spec(spec)
    sys.modules["capacity"] = capacity
    spec.loader.exec_module(capacity)
    demand = capacity.demand_of(capacity.options().parse_args([]))
    assert capacity.table(demand) in (DEPLOY / "CAPACITY.md").read_text("utf-8")
    assert capacity.cards_for(1, capacity.CARDS[0], demand) == 2


def documents(engine: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / f"{engine}.yaml").read_text("utf-8")))
