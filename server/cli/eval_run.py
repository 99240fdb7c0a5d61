"""The measurement of `seekline eval`: models are loaded one after the other, the variants of each asked in turn."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ... import model
from ..completion.prompt_config import prompt_config
from ..engines import threads
from ..learned import learned_in
from ..settings.config import Config
from ..settings.field import LEARNED, NOTHING
from ..settings.settings import Settings
from ..version import VERSION
from .asking import EngineCompleter, FolderRepository
from .complete import ready_engine
from .effective import load_config
from .eval_variants import Variant, config_of, measured_settings, usual_variants
from .progress import counting

if TYPE_CHECKING:
    from ...learn.eval.places import Place
    from ...learn.eval.report import Report
    from ...learn.eval.run import Outcome
    from ...learn.repository import Completer


class Measurement:
    """What is measured by now: `found`, by the name of each variant."""

    def __init__(self, root: Path, variants: Sequence[Variant] | None, options: Mapping[str, str | None]) -> None:
        """`variants`: None for the usual ones. `options`: of the command line."""
        self.found: dict[str, list[Outcome]] = {}
        self._root = root
        self._variants = variants
        self._options = options
        self._models: list[str] = []
        self._threads = 0
        self._is_whole = False
        self.repository = FolderRepository(root, load_config(root, **options).settings)

    def run(self, places: Sequence[Place], models: Sequence[str | None]) -> None:
        """Raises what loading and asking a model raise."""
        for name in models:
            config = load_config(self._root, **{**self._options, "model": name})
            prefix = f"{name} · " if len(models) > 1 else ""
            self._threads = threads(config.settings)
            self._measure(places, config, prefix)
        self._is_whole = True

    def _measure(self, places: Sequence[Place], config: Config, prefix: str) -> None:
        """One model, with one adapter after the other."""
        waiting = self._variants
        while waiting is None or waiting:
            adapter = (waiting[0].adapter if waiting else None) or config.settings.adapter
            own = replace(config, settings=measured_settings(config.settings, {"adapter": adapter}))
            learned = learned_in(own.settings, self._root)
            with ready_engine(own, learned) as engine:
                info = engine.info().result()
                if waiting is None:
                    is_adapted = learned is not None or adapter not in (LEARNED, NOTHING)
                    waiting = usual_variants(prompt_config(info, own.settings), is_adapted=is_adapted)
                now = [variant for variant in waiting if variant.adapter in (None, adapter)]
                waiting = [variant for variant in waiting if variant not in now]
                self._models.append(info.summary)
                self._ask(places, now, engine, info, own.settings, prefix)

    def _ask(
        self,
        places: Sequence[Place],
        variants: Sequence[Variant],
        engine: model.Engine,
        info: model.EngineInfo,
        settings: Settings,
        prefix: str,
    ) -> None:
        from ...learn.eval.controls import CONTROLS, control
        from ...learn.eval.run import outcomes

        completers: list[Completer] = []
        for variant in variants:
            name = prefix + variant.name
            if variant.name in CONTROLS:
                completers.append(control(name, places, info))
            else:
                completers.append(EngineCompleter(name, engine, config_of(variant, info, settings)))
        with counting() as progress:
            task = progress.add_task(info.name, total=len(places) * len(completers))
            found = [self.found.setdefault(completer.name, []) for completer in completers]
            for number, outcome in enumerate(outcomes(self.repository, places, completers)):
                found[number % len(found)].append(outcome)
                progress.advance(task)

    def report(self, notes: Sequence[str], seed: int) -> Report:
        from ...learn.eval.report import make_report

        facts = {
            "repository": str(self._root),
            "models": "; ".join(dict.fromkeys(self._models)),
            "seed": str(seed),
            "machine": f"{platform.machine()}, {self._threads} threads on a CPU",
            "Seekline": VERSION,
        }
        early = "It ended early: not all places, or not all variants, were measured."
        return make_report(self.found, facts, notes if self._is_whole else [*notes, early])
