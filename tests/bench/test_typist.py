"""The benchmark that types: what is asked and counted, and one run with the embedded model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from marked import MARK

GARDEN = Path(__file__).parents[1] / "golden" / "whole" / "garden.py"
BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.mark.parametrize(
    ("left", "answer", "shown", "change"),
    [
        (None, None, None, "same"),
        ("idth", None, "idth", "same"),
        (None, "idth", "idth", "began"),
        ("idth", "idth", "idth", "same"),
        ("idth", "idth)", "idth)", "grew"),
        ("idth", "ord", "ord", "replaced"),
        ("idth", "", None, "vanished"),
        (None, "", None, "same"),
    ],
)
def test_what_becomes_of_the_screen(
    bench: Any, left: str | None, answer: str | None, shown: str | None, change: str
) -> None:
    typed, ghost = bench("typed"), bench("screen").Ghost
    before = typed.OnScreen(ghost=ghost(text=left), since_s=1.0) if left else None
    came = None
    if answer is not None:
        came = bench("typist_clients").Answer(ghost=ghost(text=answer) if answer else None, took_s=0.1)
    seen, became = typed.on_screen(before, came, 2.0)
    assert (seen.ghost.text if seen else None, became) == (shown, change)
    if seen is not None:
        assert seen.since_s == (2.0 if change in ("began", "replaced") else 1.0)


def test_null_leaves_what_is_shown(bench: Any) -> None:
    typed = bench("typed")
    before = typed.OnScreen(ghost=bench("screen").Ghost(text="idth"), since_s=1.0)
    nothing = bench("typist_clients").Answer(ghost=None, took_s=0.1, keeps=True)
    assert typed.on_screen(before, nothing, 2.0) == (before, "same")


@pytest.mark.parametrize(
    ("text", "start", "end", "shown"),
    [
        ("idth)", 6, 6, ("idth)", 0)),
        ("width)", 5, 6, ("idth)", 0)),
        ("width)", 5, 7, ("idth)", 1)),
        ("depth)", 5, 6, None),
        ("w", 5, 6, None),
    ],
)
def test_what_an_editor_shows_of_an_item(
    bench: Any, text: str, start: int, end: int, shown: tuple[str, int] | None
) -> None:
    above, typed, below = f"area(w{MARK}idth){MARK}\n".split(MARK)
    span = bench("spans").Span(root=Path("/"), path="main.py", language="python", above=above, text=typed, below=below)
    screen = bench("screen").Screen(span)
    screen.closing = ")"
    where = lsp.Range(lsp.Position(0, start), lsp.Position(0, end))
    ghost = bench("typist_clients").ghost_of(lsp.InlineCompletionItem(insert_text=text, range=where), screen)
    assert ((ghost.text, ghost.behind) if ghost else None) == shown


def test_the_log_says_where_completions_come_from(bench: Any) -> None:
    counts = bench("typist_counts")
    log = [
        "completion at 3:4: engine; 10 of 400 prompt tokens reused",
        "completion at 3:5: engine; 390 of 400 prompt tokens reused",  # cancelled on its way
        "something else",
        "completion at 3:6: engine; 399 of 400 prompt tokens reused",
        "completion at 3:7: typed through; 399 of 400 prompt tokens reused",
    ]
    asked = [(3, 4), None, (3, 6), (3, 7), (3, 8)]
    assert bench("typist_clients").sources_of(asked, log) == [
        counts.Source(path="cold", prompt_tokens=400, reused_tokens=10),
        None,
        counts.Source(path="prefix hit", prompt_tokens=400, reused_tokens=399),
        counts.Source(path="instant"),
        None,
    ]


def test_figures(bench: Any) -> None:
    counts = bench("typist_counts")
    step, cold = counts.Step, counts.Source(path="cold", prompt_tokens=100)
    hit, instant = counts.Source(path="prefix hit", prompt_tokens=100, reused_tokens=90), counts.Source(path="instant")
    steps = (
        step(offset=1, answer_ms=50.0, answered=True, source=cold, shown="whole", change="began"),
        step(offset=2, answer_ms=1.0, answered=True, source=instant, shown="whole"),
        step(offset=9, accepted=7),
        step(offset=10, answer_ms=20.0, answered=True, source=hit, shown="nothing", change="began", nothing_good=True),
        step(offset=11, answer_ms=20.0, change="vanished", source=hit, nothing_good=True),
        step(offset=12, nothing_good=True),
        step(offset=13, nothing_good=False),
        step(offset=14, answer_ms=9.0, answered=True, source=hit, shown="start", change="began", nothing_good=True),
    )
    typed = counts.Typed(language="python", characters=14, keys_alone=14, retained=6, steps=steps)
    row = counts.figures([typed])
    assert (row["keys"], row["keys_saved"]) == (8, 0.4286)
    assert (row["accepted"], row["accepted_characters"], row["retained_characters"]) == (1, 7, 6)
    assert [row[key] for key in ("shown", "right", "right_at_its_start", "wrong")] == [3, 1, 1, 1]
    assert row["accepted_characters_per_shown"] == 2.3333
    assert (row["instant_of_answers"], row["instant_of_shown"]) == (0.25, 0.0)
    assert (row["positions_with_nothing_good"], row["quiet"]) == (3, 0.6667)
    assert row["flicker"] == 0.3333
    assert row["latency_ms"]["prefix hit"] == {"answers": 2, "p50": 9.0, "p95": 20.0}
    assert row["reused_tokens"] == 0.675


def test_a_run_with_the_embedded_model(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure = bench("measure")
    save = measure.save
    monkeypatch.setattr(measure, "save", lambda name, result: save(name, result, tmp_path / "results"))
    (tmp_path / "garden.py").write_bytes(GARDEN.read_bytes())
    options = ["--lines", "4", "--spans", "2", "--patient", "--setting", "debounceMs=0", "--oracle", "0.5"]
    bench("typist").main([str(tmp_path / "garden.py"), *options, "--write", "small"])
    printed = capsys.readouterr()
    assert "accepted characters per shown" in printed.out
    assert "garden.py:" in printed.err
    result = json.loads((tmp_path / "results" / "small.json").read_text("utf-8"))
    assert result["figures"]["python"] == result["figures"]["together"]
    ours, naive = (result["figures"]["together"][name] for name in ("Seekline", "naive"))
    for row in (ours, naive):
        assert row["spans"] == 2
        assert row["characters"] == ours["characters"]
        assert 0 < row["keys"] <= row["keys_alone"]
        assert row["retained_characters"] == row["accepted_characters"]
        assert row["right"] + row["right_at_its_start"] + row["wrong"] == row["shown"] > 0
        assert 0 <= row["quiet"] <= 1
    assert ours["quiet"] > naive["quiet"]
    assert ours["latency_ms"]["instant"]["answers"] > 0
    assert ours["reused_tokens"] > 0.5
    assert (naive["instant_of_answers"], naive["reused_tokens"]) == (0, 0)
    assert result["cancels"] > 0


def test_every_part_can_be_switched_off(bench: Any) -> None:
    """In a process of its own, as the server's is."""
    parts = [name for name, part in bench("server_without").PARTS.items() if part.patch is not None]
    assert parts
    code = "import sys; sys.path.insert(0, sys.argv[1]); import server_without as one; one.PARTS[sys.argv[2]].patch()"
    for part in parts:
        subprocess.run([sys.executable, "-c", code, str(BENCH), part], check=True)


def test_a_part_without_a_patch_is_a_setting(bench: Any) -> None:
    from seekline.server.settings.settings import Settings

    for part in bench("server_without").PARTS.values():
        assert part.patch is not None or part.settings
        Settings.model_validate(part.settings)


@pytest.mark.parametrize(
    ("options", "said"),
    [([], "nothing to type"), (["--repository", "nowhere"], "no folder nowhere"), (["--setting", "x"], "no KEY=JSON")],
)
def test_bad_options_are_explained(
    bench: Any, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    with pytest.raises(SystemExit):
        bench("typist").main(options)
    assert said in capsys.readouterr().err
