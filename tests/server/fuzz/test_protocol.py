"""A client that says anything, in any order: every request is answered once, and nothing is left over."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from seekline.server.lsp.app import SeeklineServer, create_server
from seekline.server.lsp.framing import Framing, Oversized

URIS = [
    "file:///a.py", "file:///b.py", "untitled:x", "untitled:..", "file://[", "file:///a%00b", "", "no uri",
    "git:/a.py?x", "vscode-notebook-cell:/n.ipynb#1", "vscode-notebook-cell:/n.ipynb#2", "file:///n.ipynb",
]  # fmt: skip
METHODS = [
    "initialize", "shutdown", "textDocument/inlineCompletion", "workspace/executeCommand", "textDocument/completion",
    "textDocument/hover", "no/such", "", "workspace/configuration", "$/setTrace",
]  # fmt: skip
NOTIFICATIONS = [
    "initialized", "textDocument/didOpen", "textDocument/didChange", "textDocument/didClose", "textDocument/didSave",
    "workspace/didChangeConfiguration", "workspace/didChangeWatchedFiles", "workspace/didChangeWorkspaceFolders",
    "$/cancelRequest", "$/setTrace", "$/progress", "window/workDoneProgress/cancel", "notebookDocument/didOpen",
    "notebookDocument/didChange", "notebookDocument/didSave", "notebookDocument/didClose", "no/such",
]  # fmt: skip

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**33),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
)
ids = st.one_of(st.integers(-5, 50), st.text(max_size=3))
uris = st.one_of(st.sampled_from(URIS), scalars)
positions = st.fixed_dictionaries({"line": st.integers(-1, 3) | scalars, "character": st.integers(-1, 9) | scalars})
ranges = st.fixed_dictionaries({"start": positions, "end": positions})
changes = st.fixed_dictionaries({"text": st.text(max_size=9) | scalars}, optional={"range": ranges})
text_documents = st.fixed_dictionaries(
    {"uri": uris, "version": st.integers(0, 9) | scalars},
    optional={"languageId": st.just("python") | scalars, "text": st.text(max_size=20) | scalars},
)
cells = st.fixed_dictionaries({"kind": st.integers(0, 3), "document": uris})
cell_changes = st.fixed_dictionaries(
    {},
    optional={
        "structure": st.fixed_dictionaries(
            {
                "array": st.fixed_dictionaries(
                    {"start": st.integers(-2, 9) | scalars, "deleteCount": st.integers(-2, 9) | scalars},
                    optional={"cells": st.lists(cells, max_size=2)},
                )
            },
            optional={
                "didOpen": st.lists(text_documents, max_size=2),
                "didClose": st.lists(text_documents, max_size=2),
            },
        ),
        "textContent": st.lists(
            st.fixed_dictionaries({"document": text_documents, "changes": st.lists(changes, max_size=2)}), max_size=2
        ),
    },
)
members: dict[str, st.SearchStrategy[Any]] = {
    "textDocument": text_documents,
    "notebookDocument": st.fixed_dictionaries(
        {"uri": uris, "version": st.integers(0, 9), "notebookType": st.just("jupyter-notebook") | scalars},
        optional={"cells": st.lists(cells, max_size=3)},
    ),
    "cellTextDocuments": st.lists(text_documents, max_size=3),
    "change": st.fixed_dictionaries({}, optional={"cells": cell_changes | scalars}),
    "position": positions,
    "contentChanges": st.lists(changes, max_size=3) | scalars,
    "context": st.fixed_dictionaries({"triggerKind": st.integers(-1, 3) | scalars}) | scalars,
    "command": st.sampled_from(["seekline.status", "seekline.prompt", "no.such"]) | scalars,
    "arguments": st.lists(scalars | st.fixed_dictionaries({"textDocument": scalars, "position": positions})) | scalars,
    "changes": st.lists(st.fixed_dictionaries({"uri": uris, "type": st.integers(0, 4)}), max_size=2) | scalars,
    "event": st.fixed_dictionaries({"added": st.lists(scalars), "removed": st.lists(scalars)}) | scalars,
    "settings": scalars | st.dictionaries(st.sampled_from(["max_new_tokens", "languages", "x"]), scalars),
    "id": ids | scalars,
    "value": scalars,
    "token": scalars,
    "capabilities": scalars | st.dictionaries(st.sampled_from(["workspace", "window", "general"]), scalars),
    "processId": st.just(-1) | st.text(max_size=2),
    "rootUri": uris,
    "workspaceFolders": scalars | st.lists(st.fixed_dictionaries({"uri": uris, "name": scalars}) | scalars, max_size=2),
}
params = st.one_of(scalars, st.lists(scalars, max_size=2), st.fixed_dictionaries({}, optional=members))


class AnyClient(RuleBasedStateMachine):
    """One session in this process, with a server that has everything but the streams and a model."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.said: list[dict[str, Any]] = []
        self.asked: list[Any] = []
        self.framing = Framing()
        self.server: SeeklineServer = create_server({"model": "./no such model"})
        self.server.protocol.set_writer(self)  # type: ignore[arg-type]
        self.loop.set_exception_handler(lambda _, context: self.failed.append(context))
        self.failed: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        for body in self.framing.feed(data):
            assert isinstance(body, bytes)
            self.said.append(json.loads(body))

    def close(self) -> None:
        """What pygls expects of a writer."""

    def hear(self, body: bytes) -> None:
        async def handle() -> None:
            self.server.protocol.take(self.server.protocol.read(body))
            await asyncio.sleep(0)

        self.loop.run_until_complete(handle())

    def say(self, message: Any) -> None:
        self.hear(json.dumps(message).encode())

    @initialize(params=params, early=st.booleans())
    def open(self, params: Any, early: bool) -> None:
        if early:
            self.request("initialize", {**params, "processId": None} if isinstance(params, dict) else {})

    def request(self, method: str, params: Any) -> None:
        self.asked.append(f"asked {len(self.asked)}")
        self.say({"jsonrpc": "2.0", "id": self.asked[-1], "method": method, "params": params})

    @rule(method=st.sampled_from(METHODS), params=params)
    def ask(self, method: str, params: Any) -> None:
        self.request(method, params)

    @rule(method=st.sampled_from(NOTIFICATIONS), params=params)
    def notify(self, method: str, params: Any) -> None:
        self.say({"jsonrpc": "2.0", "method": method, "params": params})

    @rule(text=st.text(max_size=30), uri=st.sampled_from(URIS), position=positions)
    def write_code(self, text: str, uri: str, position: Any) -> None:
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.say({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": document}})
        place = {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 1}}
        self.request("textDocument/inlineCompletion", place)

    @rule(texts=st.lists(st.text(max_size=9), max_size=3), change=cell_changes, position=positions)
    def write_in_a_notebook(self, texts: list[str], change: Any, position: Any) -> None:
        uris = [f"vscode-notebook-cell:/n.ipynb#{number}" for number in range(len(texts))]
        documents = [
            {"uri": uri, "languageId": "python", "version": 1, "text": text}
            for uri, text in zip(uris, texts, strict=True)
        ]
        notebook: dict[str, Any] = {"uri": "file:///n.ipynb", "notebookType": "x", "version": 1}
        notebook["cells"] = [{"kind": 2, "document": uri} for uri in uris]
        self.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": documents})
        changed = {"notebookDocument": {"uri": "file:///n.ipynb", "version": 2}, "change": {"cells": change}}
        self.notify("notebookDocument/didChange", changed)
        place = {"textDocument": {"uri": "vscode-notebook-cell:/n.ipynb#1"}, "position": position}
        self.request("textDocument/inlineCompletion", {**place, "context": {"triggerKind": 1}})

    @rule(back=st.integers(1, 3))
    def cancel(self, back: int) -> None:
        if len(self.asked) >= back:
            self.say({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": self.asked[-back]}})

    @rule(id=ids, kind=st.sampled_from(["result", "error"]), content=params)
    def answer(self, id: Any, kind: str, content: Any) -> None:
        wanted = [message["id"] for message in self.said if "method" in message and "id" in message]
        self.say({"jsonrpc": "2.0", "id": wanted[-1] if wanted else id, kind: content})

    @rule(body=st.binary(max_size=40) | scalars.map(lambda value: json.dumps(value).encode()))
    def say_nonsense(self, body: bytes) -> None:
        before = len(self.said)
        self.hear(body)
        assert len(self.said) > before, "never silence"

    @rule(method=st.sampled_from([*NOTIFICATIONS, None]), uri=st.sampled_from(URIS), has_id=st.booleans())
    def say_too_much(self, method: str | None, uri: str, has_id: bool) -> None:
        message: dict[str, Any] = {"method": method, "params": {"textDocument": {"uri": uri, "text": "x" * 200}}}
        body = json.dumps({**message, **({"id": "too long"} if has_id else {})}).encode()
        (long,) = Framing(100).feed(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        assert isinstance(long, Oversized)
        self.server.protocol.take_oversized(long)

    @invariant()
    def nothing_leaks_or_fails(self) -> None:
        assert not self.failed
        for message in self.said:
            if "error" in message:
                assert message["error"]["code"] != -32603, message
                assert "data" not in message["error"]
                assert "Traceback" not in message["error"]["message"]
            assert "Unexpected error" not in str(message.get("params", "")), message

    def teardown(self) -> None:
        async def answer_all() -> None:
            """What waits for the client's own answers may wait on; what the client asked may not."""
            waiting = {task for task in asyncio.all_tasks() if id(task) in {id(future) for future in self.open_futures}}
            if waiting:
                await asyncio.wait(waiting, timeout=20)
            await asyncio.sleep(0)

        self.loop.run_until_complete(answer_all())
        answers = [message["id"] for message in self.said if "method" not in message]
        assert [answers.count(id) for id in self.asked] == [1] * len(self.asked), "every request is answered once"
        assert not set(self.asked) & set(self.server.protocol._request_futures), "nothing is left over"
        self.server.close(5)
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    @property
    def open_futures(self) -> list[Any]:
        return [future for id, future in self.server.protocol._request_futures.items() if id in self.asked]


def test_any_client() -> None:
    profile = settings(
        max_examples=100,
        stateful_step_count=40,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(AnyClient, settings=profile)
