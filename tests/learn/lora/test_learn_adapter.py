"""From samples to an adapter in force: that it helps, in our engine as in PEFT; and what is refused, and how."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from gguf_models import save_llama_gguf
from lora_samples import OTHER_CODE, habits, sample, write
from quantized_models import save_quantized
from seekline import model
from seekline.learn.errors import NoSamples, PackageMissing, RecipeChanged, UnsupportedBase
from seekline.learn.lora import base as base_module
from seekline.learn.lora.base import Base, find_base
from seekline.learn.lora.learn_adapter import Task, Watch, learn_adapter
from seekline.learn.lora.options import Options, Run
from seekline.learn.lora.page import PAGE, write_page
from seekline.learn.lora.report import REPORT, Report, read_report
from seekline.learn.lora.rows import Encoder, Row
from seekline.learn.lora.train import CHECKPOINT, Status
from seekline.model.catalogue.learned import learned_adapter
from seekline.server.cli.asking import FolderRepository, SettingsPrompter
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.settings.settings import Settings
from tiny_models import load, save_llama, save_v2_lite

pytest.importorskip("peft", reason="peft is not installed: `make test` installs it")
OPTIONS = Options(epochs=2, row_tokens=256, batch_tokens=1024, rate=3e-3, measured=20, evaluations=3)
RUN = Run(minutes=None, device="cpu", threads=1)


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is trained, no name of a server is asked for: peft would ask the hub for the base's."""
    asked: list[object] = []

    def ask(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise OSError("no network")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    yield
    assert not asked


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = save_llama(tmp_path_factory.mktemp("base") / "tiny", initializer_range=0.05)
    return find_base(str(folder), folder=folder)


@pytest.fixture
def task(tiny: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    monkeypatch.setenv("SEEKLINE_ADAPTERS", str(tmp_path / "adapters"))
    others = tmp_path / "others"
    others.mkdir()
    for number in range(8):
        (others / f"shapes_{number}.py").write_text(OTHER_CODE.replace("area", f"area_{number}"), "utf-8")
    (tmp_path / "made-up").mkdir()
    settings = Settings()
    plan = model.make_plan(model.ModelRequest(model=model.EMBEDDED, device="cpu"), base=tmp_path)
    return Task(
        samples=write(tmp_path / "samples.jsonl", habits()),
        repository=tmp_path / "made-up",
        base=tiny,
        elsewhere=[FolderRepository(others, settings)],
        prompter=SettingsPrompter(prompt_config(model.info_of(plan, tiny.tokenizer), settings)),
    )


class Told:
    """What was told of a training; ends it after so many steps."""

    def __init__(self, steps: int | None = None) -> None:
        self.stages: list[str] = []
        self.statuses: list[Status] = []
        self._steps = steps
        self.watch = Watch(stage=self.stages.append, status=self._status)

    def _status(self, status: Status) -> None:
        self.statuses.append(status)
        if len(self.statuses) == self._steps:
            raise KeyboardInterrupt


def learn(task: Task, out: Path, options: Options = OPTIONS, told: Told | None = None, **more: Any) -> Report:
    return learn_adapter(out, task, options, RUN, (told or Told()).watch, **more)


def engine_losses(rows: list[Row], **wanted: Any) -> list[float]:
    """Nats of each row's targets, by our own forward pass."""
    backend: Any = load(model.embedded_folder(), **wanted)._backend
    found: list[float] = []
    for row in rows:
        ids = row.ids.tolist()
        logits = backend.forward(ids[:-1], backend.new_kv(len(ids)), Event(), logits=len(ids) - 1).float()
        labels = torch.tensor(ids[row.first :])
        found.append(float(torch.nn.functional.cross_entropy(logits[row.first - 1 :], labels, reduction="sum")))
    return found


def test_a_gain_and_what_our_engine_makes_of_it(task: Task, tmp_path: Path) -> None:
    """The adapter is in force; our engine computes with it what PEFT does, and the held-out loss falls there, too."""
    base = find_base(model.EMBEDDED, folder=tmp_path)
    told = Told()
    report = learn(replace(task, base=base), tmp_path / "out", told=told)
    verdict = report.verdict
    assert verdict.is_gain, report.line
    assert verdict.held_out.relative < -0.2
    assert report.adapter is not None
    assert learned_adapter(task.repository, base.source.path) == Path(report.adapter)
    assert (
        json.loads((Path(report.adapter) / "adapter_config.json").read_text("utf-8"))["base_model_name_or_path"]
        == "embedded"
    )
    assert read_report(tmp_path / "out") == report == read_report(Path(report.adapter))
    assert not (tmp_path / "out" / CHECKPOINT).exists()
    assert told.stages[-1] == "measuring the adapter"
    encoder = Encoder(base.tokenizer, base.end, 256)
    held_out = [one for one in habits() if one.path in report.files["held_out_files"]]
    rows = [row for row in map(encoder.row, held_out) if row is not None]
    tokens = sum(row.targets for row in rows)
    before, after = engine_losses(rows), engine_losses(rows, adapter=report.adapter)
    assert len(rows) == verdict.held_out.samples
    assert sum(before) / tokens == pytest.approx(verdict.held_out.before, rel=1e-3)
    assert sum(after) / tokens == pytest.approx(verdict.held_out.after, rel=1e-3)
    assert after == pytest.approx(peft_losses(rows, base, Path(report.adapter)), rel=1e-3, abs=1e-3)


@torch.no_grad()
def peft_losses(rows: list[Row], base: Base, adapter: Path) -> list[float]:
    """By PEFT's own reader of what was saved, one row after the other."""
    import warnings

    from transformers import AutoModelForCausalLM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of peft, which asks transformers for what it renamed
        import peft

        plain = AutoModelForCausalLM.from_pretrained(base.source.path, dtype=torch.float32)
        adapted: Any = peft.PeftModel.from_pretrained(plain, str(adapter)).eval()
    found: list[float] = []
    for row in rows:
        ids = torch.from_numpy(row.ids).long()[None]
        labels = ids.clone()
        labels[0, : row.first] = -100
        found.append(float(adapted(input_ids=ids, labels=labels).loss) * row.targets)
    return found


def test_no_gain_keeps_nothing(task: Task, tiny: Base, tmp_path: Path) -> None:
    report = learn(task, tmp_path / "out", replace(OPTIONS, rate=1e-9, epochs=1))
    assert not report.verdict.is_gain
    assert report.adapter is None
    assert learned_adapter(task.repository, tiny.source.path) is None
    assert not (tmp_path / "adapters").exists()
    assert report.line.startswith("No gain: held-out loss ")
    assert "+0.0%" in report.line or "-0.0%" in report.line
    assert report.line.endswith("Nothing is kept.")


def test_what_is_over_is_told_again(task: Task, tmp_path: Path) -> None:
    """And where samples or options are others by now, a new training begins; what else lies there stays."""
    options = replace(OPTIONS, rate=1e-9, epochs=1)
    first = learn(task, tmp_path / "out", options)
    (tmp_path / "out" / "notes").mkdir()
    (tmp_path / "out" / "notes" / "mine.txt").write_text("precious", "utf-8")
    again = Told()
    assert learn(task, tmp_path / "out", options, again) == first
    assert not again.statuses
    other = Told()
    assert learn(task, tmp_path / "out", replace(options, rank=4), other).choices["options"]["rank"] == 4
    assert other.statuses
    anew = Told()
    learn(task, tmp_path / "out", replace(options, rank=4), anew, restart=True)
    assert anew.statuses
    assert (tmp_path / "out" / "notes" / "mine.txt").read_text("utf-8") == "precious"


def test_what_is_under_way_goes_on_with_the_same_only(task: Task, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        learn(task, out, told=Told(2))
    assert (out / CHECKPOINT).is_file()
    with pytest.raises(RecipeChanged, match=r"options\.rank was 16, is 8.*or --restart"):
        learn(task, out, replace(OPTIONS, rank=8))
    others = write(tmp_path / "others.jsonl", [*habits(), sample()])
    with pytest.raises(RecipeChanged, match=r"samples\.digest was"):
        learn(replace(task, samples=others), out)
    whole = learn(task, tmp_path / "whole")
    rest = learn(task, out)
    assert rest.verdict == whole.verdict, "as if it had not been stopped"


def test_too_little_other_code(task: Task, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoSamples, match=r"Only 0 samples of other code were found in .*empty"):
        learn(replace(task, elsewhere=[FolderRepository(tmp_path / "empty", Settings())]), tmp_path / "out")


def test_without_peft(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = base_module.importlib.util.find_spec
    monkeypatch.setattr(base_module.importlib.util, "find_spec", lambda name: None if name == "peft" else find(name))
    with pytest.raises(PackageMissing, match=r"Training takes peft.*\[learn\]"):
        learn(task, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_page(task: Task, tmp_path: Path) -> None:
    report = learn(task, tmp_path / "out", replace(OPTIONS, epochs=1))
    write_page(tmp_path / "out", report)
    page = (tmp_path / "out" / PAGE).read_text("utf-8")
    assert escape(report.line) in page
    assert "<svg" in page
    assert "http" not in page, "needs nothing from elsewhere"
    assert (tmp_path / "out" / REPORT).is_file()


def test_bases_that_no_adapter_is_trained_for(tmp_path: Path) -> None:
    gguf = save_llama_gguf(save_llama(tmp_path / "plain"), tmp_path / "model.gguf", "Q8_0")
    packed = save_quantized(tmp_path / "packed", tmp_path / "numbers", num_key_value_heads=2)
    for path, message in (
        (gguf, r"weights as GGUF.*Name the folder of the same model in floating point"),
        (packed, r"weights as GPTQ.*Name the folder of the same model in floating point"),
        (save_v2_lite(tmp_path / "v2"), r"architecture 'deepseek_v2'.*Llama"),
    ):
        with pytest.raises(UnsupportedBase, match=message):
            find_base(str(path), folder=tmp_path)
    with pytest.raises(model.PathNotAgreed):
        find_base(str(tmp_path / "plain"), folder=tmp_path, agreed=())
