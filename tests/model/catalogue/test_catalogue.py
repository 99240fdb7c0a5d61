import math
from pathlib import Path

import pytest
from seekline import fim, model
from seekline.model.catalogue.checkpoint import expected_checkpoint


def test_every_family_has_a_format_and_says_rightly_whether_it_fills_in() -> None:
    for entry in model.all_entries().values():
        assert fim.all_formats()[entry.family].fills_in == entry.fills_in, entry.name


def test_instruct_models_are_not_asked_to_fill_in() -> None:
    for entry in model.all_entries().values():
        assert not (entry.fills_in and "instruct" in entry.name)


def test_only_the_embedded_model_has_no_repository() -> None:
    assert [e.name for e in model.all_entries().values() if e.repository is None] == [model.EMBEDDED]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("deepseek-coder-1.3b-base", (24, 2048, 16, 16, 5504, 32256)),
        ("deepseek-coder-5.7bmqa-base", (32, 4096, 32, 1, 11008, 32256)),
        ("deepseek-coder-6.7b-base", (32, 4096, 32, 32, 11008, 32256)),
        ("deepseek-coder-33b-base", (62, 7168, 56, 8, 19200, 32256)),
        ("deepseek-coder-7b-base-v1.5", (30, 4096, 32, 32, 11008, 102400)),
    ],
)
def test_sizes_follow_from_the_published_shapes(name: str, shape: tuple[int, ...]) -> None:
    layers, hidden, heads, kv_heads, intermediate, vocabulary = shape
    kv = kv_heads * hidden // heads
    linear = layers * (2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * intermediate)
    rest = 2 * vocabulary * hidden + (2 * layers + 1) * hidden
    entry = model.all_entries()[name]
    assert entry.parameters == linear + rest
    assert entry.kv_bytes_per_token == 2 * 2 * layers * kv
    assert entry.weight_bytes["none"] == 2 * (linear + rest)
    assert entry.weight_bytes["int8"] == linear + 2 * rest
    assert entry.llama == {
        "layers": layers,
        "hidden": hidden,
        "heads": heads,
        "kv_heads": kv_heads,
        "intermediate": intermediate,
        "vocabulary": vocabulary,
    }
    assert entry.weight_bytes["nf4"] == pytest.approx(linear * 0.5625 + 2 * rest, rel=1e-6)


def test_repositories_are_found_whatever_their_case() -> None:
    entry = model.entry_of_repository("DeepSeek-AI/DeepSeek-Coder-1.3B-Base")
    assert entry is not None
    assert entry.name == "deepseek-coder-1.3b-base"


def test_what_is_expected_of_a_download_follows_from_the_catalogue() -> None:
    for entry in model.all_entries().values():
        found = expected_checkpoint(entry)
        assert (found.parameters, found.kv_bytes_per_token) == (entry.parameters, entry.kv_bytes_per_token)
        assert (found.llama is None) == (entry.llama is None)
        if found.llama is not None:
            shapes = dict(found.llama.tensors()) | dict([found.llama.head()])
            assert sum(math.prod(shape) for shape in shapes.values()) == entry.parameters


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/a/hub/models--deepseek-ai--deepseek-coder-1.3b-base/snapshots/0123", "deepseek-coder-1.3b-base"),
        ("/a/hub/models--someone--their-model/snapshots/0123", "someone/their-model"),
        ("/a/models--someone--their-model", "/a/models--someone--their-model"),
        ("/a/model", "/a/model"),
    ],
)
def test_a_folder_is_named_as_it_would_be_asked_for(folder: str, name: str) -> None:
    assert model.name_of_path(Path(folder)) == str(Path(name))


def test_the_embedded_models_folder_has_its_name() -> None:
    assert model.name_of_path(model.embedded_folder().resolve()) == model.EMBEDDED
