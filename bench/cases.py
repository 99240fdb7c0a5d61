"""The cases of the context benchmark: lines of real code that use a symbol defined in another file of the repository.

    python bench/cases.py [--language NAME ...] [--list FILE] [--cache FOLDER] [--each 60]

Which symbol is defined where is said by tools that share nothing with Seekline: jedi for Python, TypeScript's language
service for JavaScript, TypeScript and TSX, go/types for Go; for the others by names that only one thing of the
repository bears, as universal-ctags or, for Kotlin, Scala and Swift, patterns find them. Lines are drawn by a seeded
shuffle, at most three per file, from sources that are not tests. Of each line, the cut is either all of it or what
stands right of the first name it needs, in turn; the file's other lines stay as they are.
Writes CACHE/cases/LANGUAGE.jsonl.
"""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import corpora
from gold import asking, drawing
from gold.asking import Gold, Name
from gold.unique import Unique
from seekline.learn.middles import candidate_lines, indentation, rest_of_line

PER_FILE = 3
TRIED_PER_FILE = 14
MOST_NEEDS = 4
# Languages that use each other's libraries: a name that is one of those is nobody's own.
RELATED = {"kotlin": ("java",), "scala": ("java", "kotlin"), "cpp": ("c",)}
MOST_OF_A_NAME = 4  # so that one logger or decorator does not make half of a repository's cases


def gold_of(corpus: corpora.Corpus, language: str, peers: Sequence[tuple[Path, str]], cache: Path) -> Gold:
    """The tool that answers for `language`. Raises `NoTool`."""
    if language == "python":
        return asking.jedi(corpus.root, cache)
    if language in ("javascript", "typescript", "tsx"):
        return asking.typescript(corpus.root, cache)
    if language == "go":
        return asking.go_types(corpus.root, cache)
    return Unique(corpus.root, language, peers)


def peers_of(corpus: corpora.Corpus, language: str, listed: Sequence[corpora.Corpus]) -> list[tuple[Path, str]]:
    """The other repositories of the language and of those it shares names with, of both lists where there are two."""
    every = {other.root: other for other in (*corpora.read_list(), *listed) if other.root.is_dir()}
    return [
        (root, name)
        for root, other in every.items()
        for name in (language, *RELATED.get(language, ()))
        if name in other.languages and root != corpus.root
    ]


def cases_of(corpus: corpora.Corpus, language: str, gold: Gold, count: int) -> Iterator[dict[str, Any]]:
    """Up to `count` cases of one repository, the same ones each time."""
    chance = random.Random(zlib.crc32(f"{corpus.name} {language}".encode()))
    files = drawing.source_files(corpus.root, language)
    chance.shuffle(files)
    made, names = 0, Counter[str]()
    for file in files:
        text = drawing.read(corpus.root / file)
        if text is None:
            continue
        lines = drawing.split_lines(text)
        drawn = candidate_lines(lines, language)
        chance.shuffle(drawn)
        drawn = drawn[:TRIED_PER_FILE]
        answers = gold.needs(file, drawn) if drawn else {}
        here = {line.strip() for line in lines}
        of_file = 0
        for number in drawn:
            needs = _needs(answers.get(number, ()), corpus.root, here)
            if not 1 <= len(needs) <= MOST_NEEDS or of_file == PER_FILE or made == count:
                continue
            if max(names[need["name"]] for need in needs) == MOST_OF_A_NAME:
                continue
            names.update(need["name"] for need in needs)
            of_file, made = of_file + 1, made + 1
            yield _case(corpus, language, file, lines, number, needs, whole_line=made % 2 == 1)
        if made == count:
            return


def _needs(names: Sequence[Name], root: Path, here: set[str]) -> list[dict[str, Any]]:
    """The needs in the order of the line, each name once.

    One whose signature the file itself spells is no need; and where a name stands after its body, none of the lines is
    the signature.
    """
    needs: dict[str, dict[str, Any]] = {}
    for name in sorted(names, key=lambda name: name.column):
        places = [(path, line, _line(root / path, line)) for path, line in name.places]
        spelled = {signature.strip() for _, _, signature in places}
        if spelled & here or min(map(len, spelled)) < 6 or any(line.startswith("}") for line in spelled):
            continue
        path, line, signature = places[0]
        also = [{"path": path, "line": line, "signature": signature} for path, line, signature in places[1:]]
        needs.setdefault(
            name.name,
            {
                "name": name.name,
                "kind": name.kind,
                "column": name.column,
                "path": path,
                "line": line,
                "signature": signature,
                "also": also,
            },
        )
    return list(needs.values())


def _line(path: Path, number: int) -> str:
    lines = drawing.split_lines(drawing.read(path) or "")
    return lines[number - 1].rstrip("\r\n") if number <= len(lines) else ""


def _case(
    corpus: corpora.Corpus,
    language: str,
    file: str,
    lines: list[str],
    number: int,
    needs: list[dict[str, Any]],
    *,
    whole_line: bool,
) -> dict[str, Any]:
    line, text = lines[number - 1], "".join(lines)
    column = indentation(line.rstrip("\r\n")) if whole_line else needs[0]["column"]
    middle = rest_of_line(lines, number, column, "line" if whole_line else "symbol")
    return {
        "id": f"{corpus.name}:{file}:{number}",
        "repo": corpus.name,
        "root": str(corpus.root.resolve()),
        "language": language,
        "kind": middle.kind,
        "file": file,
        "line": number,
        "column": column + 1,
        "needs": needs,
        "cut": text[middle.start : middle.end],
        "text": text[: middle.start] + text[middle.end :],
    }


def write_cases(language: str, wanted: Sequence[corpora.Corpus], cache: Path, count: int) -> Counter[str]:
    """Writes CACHE/cases/LANGUAGE.jsonl; returns the number of cases by repository."""
    found: list[dict[str, Any]] = []
    for corpus in wanted:
        try:
            gold = gold_of(corpus, language, peers_of(corpus, language, wanted), cache)
        except asking.NoTool as error:
            print(f"no cases of {corpus.name}: {error}", flush=True)
            continue
        try:
            found += cases_of(corpus, language, gold, corpus.cases or count)
        finally:
            gold.close()
    folder = cache / "cases"
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(case, ensure_ascii=False) + "\n" for case in found)
    (folder / f"{language}.jsonl").write_text("".join(lines), "utf-8", newline="\n")
    return Counter(case["repo"] for case in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", action="append", choices=drawing.LANGUAGES, help="all where not given")
    parser.add_argument("--list", type=Path, default=corpora.LIST, help="another list like bench/corpora.toml")
    parser.add_argument("--cache", type=Path, default=corpora.CACHE)
    parser.add_argument("--each", type=int, default=60, help="cases of a repository")
    given = parser.parse_args()
    for language in given.language or drawing.LANGUAGES:
        listed = [corpus for corpus in corpora.read_list(given.list, given.cache) if language in corpus.languages]
        made = write_cases(language, corpora.bring_all(listed, given.cache), given.cache, given.each)
        print(f"{language}: {sum(made.values())}", dict(made), flush=True)


if __name__ == "__main__":
    main()
