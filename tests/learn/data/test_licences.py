"""Whose licence a file has."""

from __future__ import annotations

from pathlib import Path

import pytest
from learning_data import source, write_files
from seekline.learn.data.licences import UNKNOWN, Licences, licence_of_text, read_licences
from seekline.learn.data.source import LeftOut
from seekline.server.cli.asking import FolderRepository
from seekline.server.settings.settings import Settings

ROOT = Path(__file__).parents[3]
MIT = "MIT License\n\nPermission is hereby granted, free of charge, to any\nperson obtaining a copy of this software\n"
GPL = "                    GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007\n"


@pytest.mark.parametrize(
    ("text", "licence"), [(MIT, "MIT"), (GPL, "GPL-3.0"), ("All rights reserved.", UNKNOWN), ("", UNKNOWN)]
)
def test_a_licence_is_known_by_its_words(text: str, licence: str) -> None:
    assert licence_of_text(text) == licence


def test_our_own_licence() -> None:
    assert licence_of_text((ROOT / "LICENSE").read_text("utf-8")) == "Apache-2.0"


def test_the_nearest_licence_file_counts_and_the_files_own_head_before_it(tmp_path: Path) -> None:
    write_files(tmp_path, {"LICENSE": MIT, "lib/other/COPYING.txt": GPL, "lib/own/a.py": "a = 1\n"})
    repository = FolderRepository(tmp_path, Settings())
    licences = read_licences(repository, repository.paths())
    assert licences.of(source("lib/own/a.py", "a = 1\n")) == "MIT"
    assert licences.of(source("lib/other/deep/a.py", "a = 1\n")) == "GPL-3.0"
    assert licences.of(source("lib/other/a.py", "# SPDX-License-Identifier: BSD-2-Clause\n")) == "BSD-2-Clause"
    assert licences.of(source("lib/own/a.c", "/* under the GNU General Public License */\n")) == "GPL-3.0"


def test_of_several_in_a_folder_one_that_forbids_counts(tmp_path: Path) -> None:
    write_files(tmp_path, {"LICENSE-MIT": MIT, "LICENSE-GPL": GPL, "COPYING": "see elsewhere"})
    repository = FolderRepository(tmp_path, Settings())
    assert read_licences(repository, repository.paths()).folders == {"": "GPL-3.0"}


@pytest.mark.parametrize(
    ("licence", "reason"),
    [("", "no licence known"), ("GPL-3.0", "no permissive licence"), ("MPL-2.0", "no permissive")],
)
def test_what_is_left_out(licence: str, reason: str) -> None:
    with pytest.raises(LeftOut, match=reason):
        Licences(folders={"": licence}).check(source("a.py", "a = 1\n"))


def test_what_stays() -> None:
    Licences(folders={"": "Apache-2.0"}).check(source("a.py", "a = 1\n"))
