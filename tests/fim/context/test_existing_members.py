"""Which names may follow a dot: those of a type that is surely known, and none where there is a doubt."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from marked import place
from memory_project import MemoryProject
from seekline import fim

BASE = "class Base:\n    def close(self) -> None:\n        pass\n"
CLIENT = (
    "from .base import Base\n\n\n"
    "class Client(Base):\n"
    "    def __init__(self, host: str) -> None:\n        self.host = host\n        self.base: Base = Base()\n\n"
    "    def fetch(self, url: str) -> Base:\n        return Base()\n"
)
FILES = {"app/__init__.py": "", "app/base.py": BASE, "app/client.py": CLIENT}
START = "from .client import Client\nfrom . import base\n\n"


def members(code: str, files: Mapping[str, str] = FILES, path: str = "app/main.py") -> fim.ExistingMembers | None:
    document, cursor = place(code, path)
    return fim.existing_members(document, cursor, MemoryProject(files))


def check(code: str, *names: str, files: Mapping[str, str] = FILES, path: str = "app/main.py") -> None:
    """All of `names` may follow, and no other that is no member of everything."""
    found = members(code, files, path)
    assert found is not None
    assert {name for name in found.names if not name.startswith("__")} - {"mro"} == set(names)


OWN = ("host", "base", "fetch", "close")


def test_a_variable_that_is_set_to_a_new_object() -> None:
    check(START + "client = Client('x')\nclient.▮\n", *OWN)


def test_names_start_with_what_is_written() -> None:
    check(START + "client = Client('x')\nprint(client.fe▮)\n", "fetch")
    found = members(START + "client = Client('x')\nprint(client.fe▮)\n")
    assert found is not None
    assert found.written == "fe"
    assert members(START + "client = Client('x')\nprint(client.zz▮)\n") is None


@pytest.mark.parametrize(
    "parameter", ["client: Client", "client: 'Client'", "client: Client | None", "client: Optional[Client] = None"]
)
def test_a_parameter_with_a_type(parameter: str) -> None:
    check(START + f"def run({parameter}):\n    return client.▮\n", *OWN)


def test_a_field_and_a_call_in_a_chain() -> None:
    check(START + "def run(client: Client):\n    return client.base.▮\n", "close")
    check(START + "def run(client: Client):\n    return client.fetch('u').▮\n", "close")
    check(START + "def run(client: Client):\n    found = client.fetch('u')\n    return found.▮\n", "close")


def test_a_module() -> None:
    check(START + "x = base.▮\n", "Base")


@pytest.mark.parametrize(
    "code",
    [
        "client = unknown()\nclient.▮\n",
        "def run(client):\n    return client.▮\n",  # a parameter of any type
        "client: list[Client]\nclient.▮\n",
        "client: Client | base.Base\nclient.▮\n",
        "clients: list[Client]\nfor client in clients:\n    client.▮\n",
        "client = Client('x')\nclient = other(client)\nclient.▮\n",
        "def run(client: base.Base):\n    if isinstance(client, Client):\n        client.▮\n",
        "def run(client: Client):\n    return client.fetch.▮\n",  # of a function, not of what it gives
        "client = Client('x')\nclient[0].▮\n",
        "client = Client('x')\nclient.▮ = 3\n",
        "import app.▮\n",
        "client = Client('x')\nprint(client.unknown)\nclient.▮\n",  # others use what is not known
        "with open_all() as (client, _):\n    client.▮\n",
        "async def get() -> Client:\n    pass\n\n\ndef run():\n    return get().▮\n",
        "@wraps\ndef get() -> Client:\n    pass\n\n\nget().▮\n",
    ],
)
def test_nothing_where_there_is_a_doubt(code: str) -> None:
    assert members(START + code) is None


def test_what_is_awaited() -> None:
    code = "async def get() -> Client:\n    pass\n\n\nasync def run():\n    found = await get()\n    return found.▮\n"
    check(START + code, *OWN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(Base)", "(Base, Foreign)"),
        ("(Base)", "(Base, metaclass=Meta)"),
        ("(Base)", "(make(Base))"),
        ("    def fetch", "    def __getattr__(self, name):\n        pass\n\n    def fetch"),
        ("        self.host", "        setattr(self, host, 1)\n        self.host"),
    ],
)
def test_nothing_where_the_type_may_have_more(old: str, new: str) -> None:
    files = FILES | {"app/client.py": CLIENT.replace(old, new)}
    assert members(START + "client = Client('x')\nclient.▮\n", files) is None


def test_nothing_where_a_module_passes_on_what_is_unknown() -> None:
    files = FILES | {"app/base.py": "from elsewhere import *\n" + BASE}
    assert members(START + "x = base.▮\n", files) is None
    files = FILES | {"app/base.py": "from .client import *\n" + BASE, "app/client.py": "class Client:\n    pass\n"}
    check(START + "x = base.▮\n", "Base", "Client", files=files)


def test_a_class_may_get_a_new_member_of_its_own() -> None:
    code = "class Own:\n    def one(self) -> int:\n        return 1\n\n    def two(self) -> None:\n        {}\n"
    assert members(code.format("self.▮")) is None
    check(code.format("return self.▮"), "one", "two")


GO = {
    "go.mod": "module example.com/app\n",
    "store/store.go": "package store\n\ntype Store struct {\n\tPath string\n}\n\n"
    "func (s *Store) Get(key string) string { return key }\n\n"
    "func Open(path string) (*Store, error) { return nil, nil }\n\ntype Locked struct {\n\tsync.Mutex\n\tN int\n}\n",
}
GO_START = 'package main\n\nimport "example.com/app/store"\n\n'


def test_go() -> None:
    check(GO_START + "func run(s *store.Store) {\n\tx := s.▮\n}\n", "Path", "Get", files=GO, path="main.go")
    code = GO_START + 'func run() {\n\ts, err := store.Open("x")\n\tx := s.▮\n}\n'
    check(code, "Path", "Get", files=GO, path="main.go")
    check(GO_START + "var x = store.▮\n", "Store", "Open", "Locked", files=GO, path="main.go")
    assert members(GO_START + "func run(s *store.Locked) {\n\tx := s.▮\n}\n", GO, "main.go") is None


def names(code: str, path: str) -> frozenset[str]:
    found = members(code, {}, path)
    return found.names if found else frozenset()


TYPESCRIPT = (
    "interface Options {{ depth: number; 'a-b': string }}\nclass Tree {{\n  #size = 0\n  root?: Options\n"
    "  grow(o: {}) {{\n    return {}\n  }}\n}}\n"
)


def test_typescript() -> None:
    assert {"#size", "root", "grow"} < names(TYPESCRIPT.format("Options", "this.▮"), "a.ts")
    assert "depth" in names(TYPESCRIPT.format("Options", "o?.▮"), "a.ts")
    assert "a-b" not in names(TYPESCRIPT.format("Options", "o?.▮"), "a.ts")
    assert "depth" in names(TYPESCRIPT.format("Options", "this.root!.▮"), "a.ts")
    for type in ("Options[]", "Promise<Options>", "Options | Tree", "Options['depth']", "any"):
        assert not names(TYPESCRIPT.format(type, "o.▮"), "a.ts")
    assert not names(TYPESCRIPT.replace("depth: number", "[key: string]: number").format("Options", "o.▮"), "a.ts")
    assert not names(TYPESCRIPT.format("Options", "map(function () {{ this.▮"), "a.ts")


PHP = (
    "<?php\nclass Shop {\n    public static int $count = 0;\n    const LIMIT = 3;\n    private ?Shop $next;\n"
    "    function sell(Shop $other) {\n        return %s\n    }\n}\n"
)


def test_php() -> None:
    assert {"next", "sell"} < names(PHP % "$this->▮;", "a.php")
    assert {"$count", "LIMIT"} < names(PHP % "self::▮;", "a.php")
    assert names(PHP % "self::$co▮;", "a.php") == {"$count"}
    assert "sell" in names(PHP % "$this->next?->▮;", "a.php")
    assert "sell" in names(PHP % "$other->▮;", "a.php")
    magic = PHP.replace("    const", "    function __call($name, $given) {}\n    const")
    assert not names(magic % "$other->▮;", "a.php")


def test_java_and_c_sharp() -> None:
    java = (
        "class Shop {\n  int count;\n  Shop next() { return this; }\n"
        "  void sell(Shop other) {\n    use(other.next().▮);\n  }\n}\n"
    )
    assert {"count", "next", "sell", "getClass"} < names(java, "Shop.java")
    assert not names("@Data\n" + java, "Shop.java")
    sharp = "class Shop {\n  public int Count;\n  void Sell(Shop other) {\n    Use(other?.▮);\n  }\n}\n"
    assert {"Count", "Sell", "ToString"} < names(sharp, "Shop.cs")
    assert not names("partial " + sharp, "Shop.cs")


def test_a_language_without_a_grammar_has_no_members() -> None:
    assert members("a.▮", {}, "a.toml") is None
