from dataclasses import replace

import pytest
from seekline.fim.code import all_grammars
from seekline.fim.context.names.chains import Step, chain_before, open_calls, parse_chain, type_names

WORDS = all_grammars()["cpp"].expression_words


def written(text: str) -> str:
    """A chain as text: `()` after what is called, `[]` after what is indexed."""

    def mark(step: Step) -> str:
        return step.name + "()" * step.called + "[]" * step.indexed

    return " ".join(map(mark, parse_chain(text, WORDS)))


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("client", "client"),
        ("self.client.get(url, [1, (2)])", "self client get()"),
        ("await self.session().body", "self session() body"),
        ("new Client<T>(host)", "Client()"),
        ("&Client{host: x}", "Client()"),
        ("Client::new(host)", "Client new()"),
        ("Vec::<Client>::new()", "Vec new()"),
        ("client->socket->fd", "client socket fd"),
        ("user?.address!.street", "user address street"),
        ("items[0].name", "items[] name"),
        ("@client.name", "client name"),
        ("$this->client->get()", "$this client get()"),
        ("obj:method(1)", "obj method()"),
        ("crate::net::connect(a)?", "crate net connect()"),
        ("a < b", "a"),
        ("(x)", "x"),
        ("3 + x", ""),
        ("'text'", ""),
        ("", ""),
        ("f(", "f()"),
    ],
)
def test_parse_chain(text: str, chain: str) -> None:
    assert written(text) == chain


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("client.", ("client", "")),
        ("x = await client.session().ge", ("client.session()", "ge")),
        ("return f(a, self.b.", ("self.b", "")),
        ("if (user?.na", ("user", "na")),
        ("this->socket->", ("this->socket", "")),
        ("Client::ne", ("Client", "ne")),
        ("$this->client->ge", ("$this->client", "ge")),
        ("client", None),
        ("x = 3 + ", None),
        ("foo(client, ", None),
        ("case x: ", None),
        ("d = {a: b", None),
        ("", None),
    ],
)
def test_chain_before(line: str, expected: tuple[str, str] | None) -> None:
    assert chain_before(line) == expected


def test_a_colon_calls_a_method_only_where_the_language_has_it() -> None:
    assert chain_before("local y = obj:me", colon=True) == ("obj", "me")
    assert chain_before("local y = obj:me") is None


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("x = connect(", ["connect"]),
        ("x = client.get(url, make(1, ", ["make", "client.get"]),
        ("f(g(1), ", ["f"]),
        ("f(1)\n", []),
        ("if (x) {\n  y(", ["y"]),
        ("(", []),
    ],
)
def test_open_calls(text: str, calls: list[str]) -> None:
    assert list(open_calls([text])) == calls


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Client", ["Client"]),
        ("Optional[pkg.Client]", ["pkg.Client"]),
        ("*http.Client", ["http.Client"]),
        ("&'a mut Client<'a>", ["Client"]),
        ("dict[str, list[Client]]", ["dict", "str", "list", "Client"]),
        ("const std::vector<ns::Item> &", ["std.vector", "ns.Item"]),
        ("'Client'", ["Client"]),
        ("Client | None", ["Client"]),
        ("", []),
    ],
)
def test_type_names(text: str, names: list[str]) -> None:
    assert [".".join(parts) for parts in type_names(text, replace(WORDS, carriers=frozenset({"Optional"})))] == names
