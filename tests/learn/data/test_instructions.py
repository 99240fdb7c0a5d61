"""Tasks for a chat model, of documented functions and of holes."""

from __future__ import annotations

import pytest
from learning_data import MakeRepository, source
from seekline import fim
from seekline.learn.data.instructions import HOLE, Instruction, draw_instructions
from seekline.learn.data.options import DataOptions
from seekline.server.cli.asking import FolderRepository, SettingsPrompter
from seekline.server.completion.prompt_config import PromptConfig
from seekline.server.settings.settings import Settings

OPTIONS = DataOptions(repositories=("garden",), model="", prompts="", form="instructions")
GO = """package garden

// WaterAll gives every bed of the garden
// so much water.
func WaterAll(litres float64) error {
	return store.Add(litres)
}
"""
JAVA = """class Garden {
  /**
   * Gives every bed of the garden so many litres.
   */
  int water(int litres) {
    return store.add(litres);
  }
}
"""


def drawn(root, config: PromptConfig, path: str) -> list[tuple[str, Instruction]]:
    repository = FolderRepository(root, Settings())
    file = source(path, repository.read(path).decode())
    facts = fim.file_facts(path, repository.project_of(file.document()))
    return list(draw_instructions(file, facts, repository, SettingsPrompter(config), OPTIONS, 12))


@pytest.mark.parametrize(
    ("path", "text", "instruction", "input", "output"),
    [
        ("a.go", GO, "Write the go function `WaterAll`: WaterAll gives every bed of the garden so much water.",
         "func WaterAll(litres float64) error {\n", GO[GO.index("func") :]),
        ("A.java", JAVA, "Write the java function `water` of `Garden`: Gives every bed of the garden so many litres.",
         "  int water(int litres) {\n", "  int water(int litres) {\n    return store.add(litres);\n  }\n"),
    ],
)  # fmt: skip
def test_documented_functions(
    make_repository: MakeRepository,
    prompts: PromptConfig,
    path: str,
    text: str,
    instruction: str,
    input: str,
    output: str,
) -> None:
    root = make_repository(files={path: text})
    found = [task for kind, task in drawn(root, prompts, path) if kind == "documented function"]
    assert found == [Instruction(instruction=instruction, input=input, output=output)]


def test_holes(make_repository: MakeRepository, prompts: PromptConfig, plain: PromptConfig) -> None:
    root = make_repository()
    holes = [task for kind, task in drawn(root, prompts, "web/client.ts") if kind == "hole"]
    assert holes
    for task in holes:
        if HOLE in task.input:
            assert task.instruction.startswith("Write what stands in the place of <FILL_IN> in this typescript code")
        else:
            assert task.instruction.startswith("Go on")
    assert any(HOLE in task.input and "interface Answer" in task.input for task in holes)
    for kind, task in drawn(root, plain, "web/client.ts"):
        assert kind == "hole"
        assert HOLE not in task.input
