"""A small repository of two languages with imports between its files, and what was made of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from seekline import fim
from seekline.learn.data.report import Report
from seekline.learn.data.sample import Sample, read_samples
from seekline.learn.data.source import Source

MakeRepository = Callable[..., Path]
Make = Callable[..., Report]

STORE = """from dataclasses import dataclass


@dataclass
class Bed:
    name: str
    litres: float


class Store:
    \"\"\"The beds of a garden by their names.\"\"\"

    def __init__(self) -> None:
        self.beds: dict[str, Bed] = {}

    def find_bed(self, name: str) -> Bed:
        \"\"\"The bed with a name; a new and empty one where there is none.\"\"\"
        return self.beds.setdefault(name, Bed(name=name, litres=0.0))
"""
WATER = """from .store import Bed, Store


def water_all(store: Store, litres: float) -> list[Bed]:
    \"\"\"Gives every bed of the store so many litres of water.\"\"\"
    watered = []
    for name in sorted(store.beds):
        bed = store.find_bed(name)
        bed.litres += litres
        watered.append(bed)
    return watered
"""
CLIENT = """import { request } from "./request";

export async function fetchBeds(url: string): Promise<string[]> {
  const answer = await request(url + "/beds");
  return answer.beds.filter((bed) => bed.length > 0);
}
"""
REQUEST = """export interface Answer {
  beds: string[];
}

export async function request(url: string): Promise<Answer> {
  const response = await fetch(url);
  return await response.json();
}
"""
FILES = {
    "garden/__init__.py": "",
    "garden/store.py": STORE,
    "garden/water.py": WATER,
    "web/client.ts": CLIENT,
    "web/request.ts": REQUEST,
    "README.md": "# Garden\n\nWaters the beds of a garden, one after the other, and tells which were dry.\n",
}


def write_files(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def samples_in(out: Path) -> list[Sample]:
    return list(read_samples(out / "samples.jsonl"))


def source(path: str, text: str) -> Source:
    language = fim.language_of_path(path)
    assert language is not None
    return Source(path=path, language=language, text=text)


def reasons(report: Report, stage: str) -> dict[str, int]:
    return next(one.reasons for one in report.stages if one.name == stage)
