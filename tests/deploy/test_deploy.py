"""What is in deploy: files that their programs would read, and figures that are those of the script."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
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
        "--served-model-name",
        "--host",
        "--port",
        "--enable-prefix-caching",
        "--enable-prompt-tokens-details",
    ),
    *("--max-model-len", "--gpu-memory-utilization", "--max-num-seqs", "--enable-chunked-prefill"),
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
    *("--enable-metrics", "--tp-size", "--log-level"),
}
"""Fields of the server arguments of SGLang 0.5.23."""
WIDE = {**os.environ, "COLUMNS": "200", "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
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


@pytest.mark.parametrize("name", [*ENGINES, "models"])
def test_kubernetes_takes_the_manifests(name: str) -> None:
    for document in documents(name):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_weights_are_where_the_server_reads_them(engine: str) -> None:
    claim, job = documents("models")
    server, fetcher = (one["spec"]["template"]["spec"] for one in (documents(engine)[0], job))
    claims = [one["volumes"][0]["persistentVolumeClaim"]["claimName"] for one in (server, fetcher)]
    assert claims == [claim["metadata"]["name"]] * 2
    assert claim["metadata"]["namespace"] == documents(engine)[0]["metadata"]["namespace"]
    [into] = [word for word in fetcher["containers"][0]["args"] if word.startswith("--local-dir=")]
    assert into.removeprefix("--local-dir=") in " ".join(server["containers"][0]["args"])


def test_hf_reads_what_it_is_told() -> None:
    container = documents("models")[1]["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["hf", "download"]
    assert container["image"] == documents("vllm")[0]["spec"]["template"]["spec"]["containers"][0]["image"]
    known = subprocess.run(["hf", "download", "--help"], capture_output=True, text=True, check=True, env=WIDE).stdout
    for flag in flags_in(" ".join(container["args"])):
        assert f"{flag} " in known


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


READ = """
import json, sys
from vllm.entrypoints.cli.serve import ServeSubcommand
from vllm.utils.argparse_utils import FlexibleArgumentParser
parser = FlexibleArgumentParser()
serve = ServeSubcommand()
serve.subparser_init(parser.add_subparsers(dest="subparser"))
given = parser.parse_args(["serve", *json.loads(sys.argv[1])])
serve.validate(given)
print(json.dumps([given.model_tag, given.enable_prefix_caching, given.enable_log_requests]))
"""


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_vllm_reads_its_flags(where: str) -> None:
    python = os.environ.get("SEEKLINE_VLLM_PYTHON")
    if not python:
        pytest.skip("SEEKLINE_VLLM_PYTHON names no Python with vLLM")
    if where == "compose":
        compose = yaml.safe_load((DEPLOY / "vllm" / "compose.yaml").read_text("utf-8"))
        arguments = compose["services"]["vllm"]["command"]
    else:
        arguments = documents("vllm")[0]["spec"]["template"]["spec"]["containers"][0]["args"]
    command = [python, "-c", READ, json.dumps(arguments)]
    environment = {**os.environ, "VLLM_NO_USAGE_STATS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["/models/deepseek-coder-6.7b-base", True, False]
    assert "will be removed" not in done.stdout + done.stderr


def test_no_key_is_an_argument_of_vllm() -> None:
    container = documents("vllm")[0]["spec"]["template"]["spec"]["containers"][0]
    assert not any("API_KEY" in word or "api-key" in word for word in [*container["command"], *container["args"]])
    assert any(row["name"] == "VLLM_API_KEY" and "secretKeyRef" in row["valueFrom"] for row in container["env"])


def test_the_proxy_lets_only_guarded_paths_through() -> None:
    text = (DEPLOY / "README.md").read_text("utf-8")
    assert "handle /v1/*" in text
    assert "respond 404" in text


def documents(engine: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / f"{engine}.yaml").read_text("utf-8")))
