"""Who may import whom: between the layers, inside model, and through which door the server reaches a model.

Every check is a function of one module's source, so that a test shows on a made-up text what it sees.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from import_graph import Module, all_modules, parse
from seekline import model

MODULES = all_modules()
MAY_IMPORT = {"fim": set(), "model": set(), "learn": {"fim", "model"}, "server": {"fim", "model"}}
# Beside what its layer may; learn takes torch along, so it is imported when a command needs it.
MAY_IMPORT_WHEN_CALLED = {"server/cli/": {"learn"}}
# The folder that speaks the protocol; no other file knows lsprotocol or pygls.
SPEAKS_LSP = "server/lsp/"
NEVER_INSIDE_MODEL = {
    "backends": {"decoding", "engines"},
    "catalogue": {"decoding", "engines", "loading"},
    "decoding": {"catalogue", "engines"},
    "loading": {"engines"},
    "native": {"backends", "catalogue", "decoding", "engines", "loading"},
}
# Of what decodes, all that a request for an engine and its answer are made of.
SEAM_DATA = {"GREEDY", "Guide", "GuideState", "Sampling", "CopyTexts", "LineSearch", "LikelyToken"}
GENERATES = (
    "seekline.model.backends.interface",
    "seekline.model.decoding",
    "seekline.model.loading.fallback",
    "seekline.model.loading.load.LoadedModel",
    "seekline.model.loading.load.load_model",
)
# What is older than the engines, and still uses that. An entry that is not needed any more fails a test.
STILL_USED: dict[str, set[str]] = {}


def wrong_arrows(module: Module) -> Iterator[str]:
    """Imports of another layer that this one may not know, and of the protocol outside the files that speak it."""
    allowed = {module.layer} | MAY_IMPORT[module.layer]
    when_called: set[str] = set()
    for folder, layers in MAY_IMPORT_WHEN_CALLED.items():
        if module.path.startswith(folder):
            when_called = layers
    for each in module.imports:
        top, *rest = each.name.split(".")
        may = allowed | when_called if each.when != "import" else allowed
        if top == "seekline" and rest and rest[0] not in may:
            yield f"{module.path}:{each.line} must not import {each.name}"
        if top in ("lsprotocol", "pygls") and not module.path.startswith(SPEAKS_LSP):
            yield f"{module.path}:{each.line} must not import {each.name}: only {SPEAKS_LSP} speaks the protocol"


def wrong_turns(module: Module) -> Iterator[str]:
    """Imports between the folders of model that go against the way from ids to a forward pass."""
    _, layer, *below = module.name.split(".")
    never = NEVER_INSIDE_MODEL.get(below[0], set()) if layer == "model" and below else set()
    for each in module.imports:
        top, *rest = each.name.split(".")[1:] or [""]
        if top == "model" and rest and rest[0] in never:
            yield f"{module.path}:{each.line} must not import {each.name}"


def side_doors(module: Module) -> Iterator[str]:
    """What the server imports from inside model: it takes `model`'s own names and `model.outside`, nothing else."""
    if module.layer != "server":
        return
    for each in module.imports:
        name = each.name.removeprefix("seekline.model.")
        if name != each.name and name not in model.__all__ and name.split(".")[0] != "outside":
            yield f"{module.path}:{each.line} must not import {each.name}: only what seekline.model exports"
    for node, name in attributes_of_model(module):
        if f"seekline.model.{name}" in MODULES and name not in (*model.__all__, "outside"):
            yield f"{module.path}:{node.lineno} must not use model.{name}: only what seekline.model exports"


def attributes_of_model(module: Module) -> Iterator[tuple[ast.Attribute, str]]:
    """`model.name`, each place and name, where the module imports `model`."""
    if "seekline.model" not in {each.name for each in module.imports}:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "model":
            yield node, node.attr


def generating_names() -> set[str]:
    """The names that `model` exports by which one could generate past an engine."""
    found = set()
    for each in MODULES["seekline.model"].imports:
        if each.name.startswith(GENERATES):
            found.add(each.name.rpartition(".")[2])
    return found - SEAM_DATA


@pytest.mark.parametrize("module", MODULES.values(), ids=lambda module: module.path)
def test_imports_follow_the_arrows(module: Module) -> None:
    assert [*wrong_arrows(module), *wrong_turns(module), *side_doors(module)] == []


def test_every_file_is_read() -> None:
    assert len([path for path in MODULES if path.startswith("seekline.fim.")]) > 50
    for name in (
        "fim.context.names.types",
        "model.backends.llama.native_forward",
        "learn.middles.middle",
        "server.cli",
    ):
        assert f"seekline.{name}" in MODULES


def test_relative_imports_are_read() -> None:
    seen = {each.name for each in MODULES["seekline.server.settings.config"].imports}
    assert {"seekline.fim", "seekline.model", "seekline.model.outside"} <= seen


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("fim/prompt/new.py", "from ...model import Tokenizer"),
        ("fim/new.py", "import seekline.server"),
        ("fim/new.py", "def f():\n    from ..learn import middles"),
        ("fim/new.py", "if TYPE_CHECKING:\n    from ..model.tokenizer import Tokenizer"),
        ("fim/new.py", "import_module('seekline.model')"),
        ("model/new.py", "from .. import fim"),
        ("model/engines/new.py", "from ...server.settings.settings import Settings"),
        ("learn/new.py", "from ..server import session"),
        ("server/session.py", "def f():\n    from ..learn import middles"),
        ("server/cli/new.py", "from ...learn.middles import draw_tasks"),
        ("server/new.py", "from lsprotocol import types"),
        ("server/documents/protocol.py", "import pygls.server"),
    ],
)
def test_wrong_arrows_are_seen(path: str, text: str) -> None:
    assert len(list(wrong_arrows(parse(path, text)))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("learn/new.py", "from ..model.tokenizer import Tokenizer\nfrom ..fim.text import Document"),
        ("server/cli/new.py", "def f():\n    from ...learn.middles import draw_tasks"),
        ("server/lsp/app.py", "from lsprotocol import types\nimport pygls"),
        ("fim/context/new.py", "from ..text import Document\nimport re"),
    ],
)
def test_right_arrows_are_free(path: str, text: str) -> None:
    assert list(wrong_arrows(parse(path, text))) == []


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("model/backends/new.py", "from ..decoding.sampling import Sampling", 1),
        ("model/backends/llama/new.py", "from ...engines import engine", 1),
        ("model/backends/llama/new.py", "from ..backend import Backend\nfrom ...outside import checked", 0),
        ("model/decoding/new.py", "from ..engines.engine import Piece", 1),
        ("model/loading/new.py", "from ..decoding.engine_core import EngineCore", 0),
        ("model/native/new.py", "from ..backends.llama import llama_config", 1),
        ("model/decoding/new.py", "from ..native.library import find_library_for", 0),
        ("model/__init__.py", "from .engines.engine import Engine", 0),
    ],
)
def test_wrong_turns_are_seen(path: str, text: str, wrong: int) -> None:
    assert len(list(wrong_turns(parse(path, text)))) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("from ..model.decoding.sampling import GREEDY", 1),
        ("import seekline.model.backends.interface", 1),
        ("from ..model import decoding", 1),
        ("def f():\n    from ..model.loading import plan", 1),
        ("from .. import model\nmodel.decoding.sampling.GREEDY", 1),
        ("from .. import model\nfrom ..model import Tokenizer, outside\nmodel.outside", 0),
        ("from ..model.outside import checked", 0),
    ],
)
def test_side_doors_are_seen(text: str, wrong: int) -> None:
    assert len(list(side_doors(parse("server/new.py", text)))) == wrong
    assert list(side_doors(parse("learn/new.py", text))) == []


def past_the_engine(module: Module, names: set[str]) -> set[str]:
    """Those of `names` that a module takes from `model`: as `model.name`, or imported from there."""
    imported = {each.name for each in module.imports}
    used = {name for name in names if f"seekline.model.{name}" in imported}
    return used | {name for _, name in attributes_of_model(module) if name in names}


@pytest.mark.parametrize(
    "module", [module for module in MODULES.values() if module.layer == "server"], ids=lambda module: module.path
)
def test_the_server_generates_through_an_engine(module: Module) -> None:
    """The exceptions are exact: one that is not needed any more is to be taken from `STILL_USED`."""
    assert past_the_engine(module, generating_names()) == STILL_USED.get(module.path, set())


def test_every_exception_is_of_a_file() -> None:
    assert STILL_USED.keys() <= {module.path for module in MODULES.values()}


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("from .. import model\nmodel.EngineCore(backend)", {"EngineCore"}),
        ("from ..model import load_model", {"load_model"}),
        ("def f():\n    from .. import model\n    return model.PromptLookup(ids)", {"PromptLookup"}),
        ("from .. import model\nmodel.Tokenizer, model.GREEDY, model.Sampling", set()),
        ("model.EngineCore", set()),
    ],
)
def test_what_goes_past_the_engine_is_seen(text: str, used: set[str]) -> None:
    assert past_the_engine(parse("server/new.py", text), generating_names()) == used
