import math
from pathlib import Path

import pytest
from seekline import fim, model
from seekline.model.catalogue.expected import expected_checkpoint


def test_every_family_has_a_format_and_says_rightly_whether_it_fills_in() -> None:
    for entry in model.all_entries().values():
        assert fim.all_formats()[entry.family].fills_in == entry.fills_in, entry.name


def test_instruct_models_are_not_asked_to_fill_in() -> None:
    for entry in model.all_entries().values():
        assert not (entry.fills_in and "instruct" in entry.name)


def test_only_the_embedded_model_has_no_repository() -> None:
    assert [e.name for e in model.all_entries().values() if e.repository is None] == [model.EMBEDDED]


@pytest.mark.parametrize(
    ("name", "parameters", "kv_bytes", "weight_bytes"),
    [
        ("deepseek-coder-1.3b-base", 1_346_471_936, 196_608, (2_692_943_872, 1_478_692_864, 947_458_048)),
        ("deepseek-coder-5.7bmqa-base", 5_700_325_376, 16_384, (11_400_650_752, 5_964_832_768, 3_586_662_400)),
        ("deepseek-coder-6.7b-base", 6_740_512_768, 524_288, (13_481_025_536, 7_005_020_160, 4_171_767_808)),
        ("deepseek-coder-33b-base", 33_342_991_360, 253_952, (66_685_982_720, 33_806_309_376, 19_421_452_288)),
        ("deepseek-coder-7b-base-v1.5", 6_910_365_696, 491_520, (13_820_731_392, 7_749_476_352, 5_093_302_272)),
    ],
)
def test_sizes_follow_from_the_published_shapes(
    name: str, parameters: int, kv_bytes: int, weight_bytes: tuple[int, int, int]
) -> None:
    entry = model.all_entries()[name]
    assert entry.parameters == parameters
    assert entry.kv_bytes_per_token == kv_bytes
    assert tuple(entry.weight_bytes[quantization] for quantization in ("none", "int8", "nf4")) == weight_bytes


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
