"""What a program that a model wrote can try: each attempt is contained, counts as failed, and the next one runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from seekline.learn.errors import NoSandbox
from seekline.learn.eval import sandbox as sandboxes
from seekline.learn.eval.sandbox import Limits, Outcome, Sandbox, find_sandbox, run
from seekline.learn.eval.sandbox_places import interpreter_at, own_interpreter, places_for

SHORT = Limits(time_s=1.0)
SLEEPS = "[sys.executable, '-S', '-c', 'import time; time.sleep(1000)', {!r}]"


@pytest.fixture(scope="module", params=["unshare as root", "unshare", "bubblewrap"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    if not sys.platform.startswith("linux"):
        pytest.skip("programs are contained on Linux only")
    if request.param == "unshare as root" and os.geteuid() != 0:
        pytest.skip("this is not root")
    interpreter = own_interpreter()
    found = Sandbox(method=request.param, interpreter=interpreter, places=places_for(interpreter))
    why_not = sandboxes._why_not(found)
    if why_not is not None:
        pytest.skip(f"{request.param} contains no program here: {why_not}")
    return found


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def fails(sandbox: Sandbox, program: str, limits: Limits = Limits()) -> Outcome:  # noqa: B008
    """How a program ends that must not pass; the next one does."""
    outcome = run(sandbox, program, limits)
    assert outcome.end not in ("passed", "killed"), outcome
    assert run(sandbox, "assert sum(range(4)) == 6").end == "passed"
    return outcome


def is_running(marker: str) -> bool:
    return any(marker in (process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))


def test_a_program_that_ends_passes(sandbox: Sandbox) -> None:
    program = "import json, math\nopen('own.txt', 'w').write('text')\nassert open('own.txt').read() == 'text'"
    assert run(sandbox, program) == Outcome(end="passed")
    assert run(sandbox, program.replace("own.txt", "'")).end == "error"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("assert 1 == 2, 'not equal'", "not equal"),
        ("def f(:", "SyntaxError"),
        ("x = '''", "SyntaxError"),
        ("import rich", "ModuleNotFoundError"),
        ("raise SystemExit(0)", ""),
        ("import os; os._exit(0)", ""),
        ("import os; os.close(3)", ""),
        ("import os; os.abort()", ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", ""),
    ],
)
def test_what_does_not_come_to_its_end_has_failed(sandbox: Sandbox, program: str, said: str) -> None:
    outcome = run(sandbox, program)
    assert outcome.end == "error"
    assert said in outcome.detail


def test_no_network(sandbox: Sandbox, listener: socket.socket) -> None:
    host, port = listener.getsockname()
    program = f"import socket\nsocket.create_connection(({host!r}, {port}), 5).send(b'seen')"
    assert fails(sandbox, program).end == "error"
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_no_files_of_the_user(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "passwd"
    planted.write_text("root:x:0:0", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SECRET", "a secret")
    attempts = [str(planted), __file__, "/etc/passwd", "/proc/1/environ", "/proc/1/root" + str(planted)]
    for path in attempts:
        assert fails(sandbox, f"print(open({path!r}).read())\n").end == "error", path
    told = "import os\nassert os.environ['HOME'] == '/tmp' and not os.listdir('.')\nassert 'SECRET' not in os.environ"
    assert run(sandbox, told).end == "passed"


def test_nothing_is_written_but_in_its_own_folder(sandbox: Sandbox) -> None:
    program = """
        import os, sys
        library = os.path.dirname(os.__file__)
        for folder in ("/", "/usr", "/dev", "/dev/shm", "/etc", "/proc/sys/kernel", sys.prefix, library):
            try:
                open(folder + "/written", "w")
            except OSError:
                continue
            raise SystemExit(folder)
    """
    program = "\n".join(line.removeprefix("        ") for line in program.splitlines())
    assert run(sandbox, program) == Outcome(end="passed")


def test_processes_are_bounded(sandbox: Sandbox) -> None:
    if os.geteuid() == 0 and sandbox.method != "unshare as root":
        pytest.skip("the kernel does not count root's processes, who is given another way")
    bomb = "import os\nwhile True:\n    os.fork()"
    patient = "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(0.01)"
    assert fails(sandbox, bomb, SHORT).end in ("error", "processes", "time")
    assert fails(sandbox, patient, SHORT).end in ("processes", "time")


def test_memory_is_bounded(sandbox: Sandbox) -> None:
    limits = Limits(memory_bytes=100 << 20, address_bytes=200 << 20)
    alone = "kept = []\nwhile True:\n    kept.append(bytearray(10 << 20))"
    assert fails(sandbox, alone, limits).end in ("error", "memory")
    together = (
        "import os, time\nfor n in range(8):\n    if os.fork() == 0:\n        break\n"
        "kept = [bytearray(1 << 20) for _ in range(40)]\ntime.sleep(60)"
    )
    assert fails(sandbox, together, limits).end == "memory"


def test_files_are_bounded(sandbox: Sandbox) -> None:
    limits = Limits(file_bytes=1 << 20, folder_bytes=4 << 20)
    one = "file = open('large', 'wb')\nwhile True:\n    file.write(bytes(1 << 16))\n    file.flush()"
    outcome = fails(sandbox, one, limits)
    assert (outcome.end, "File too large" in outcome.detail) == ("error", True)
    many = "for n in range(10**9):\n    open(str(n), 'wb').write(bytes(1 << 19))"
    outcome = fails(sandbox, many, limits)
    assert (outcome.end, "No space left" in outcome.detail) == ("error", True)


def test_output_is_bounded(sandbox: Sandbox) -> None:
    outcome = fails(sandbox, "while True:\n    print('again and again')")
    assert outcome.end == "output"
    assert len(outcome.detail) < 10_000


def test_time_is_bounded(sandbox: Sandbox) -> None:
    assert fails(sandbox, "import time\ntime.sleep(1000)", SHORT).end == "time"
    deaf = "import signal\nfor n in (1, 2, 15, 24):\n    signal.signal(n, signal.SIG_IGN)\nwhile True:\n    pass"
    assert fails(sandbox, deaf, SHORT).end == "time"


def test_its_parent_cannot_be_killed(sandbox: Sandbox) -> None:
    program = (
        "import contextlib, os, time\nfor target in (os.getppid(), 1, -1):\n"
        "    with contextlib.suppress(OSError):\n        os.kill(target, 9)\ntime.sleep(1000)"
    )
    assert fails(sandbox, program, SHORT).end == "time"


def test_no_process_is_left_behind(sandbox: Sandbox) -> None:
    marker = uuid.uuid4().hex
    program = (
        "import os, sys, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        os.execv(sys.executable, {SLEEPS.format(marker)})\n"
        "    os._exit(0)\ntime.sleep(0.3)\nraise ValueError('it has left a process')"
    )
    assert "it has left a process" in fails(sandbox, program).detail
    assert not is_running(marker)


def test_it_ends_with_who_asked(sandbox: Sandbox) -> None:
    marker = uuid.uuid4().hex
    program = f"import os, sys\nos.execv(sys.executable, {SLEEPS.format(marker)})"
    code = (
        "from seekline.learn.eval.sandbox import *\nfrom seekline.learn.eval.sandbox_places import *\n"
        f"i = own_interpreter()\nrun(Sandbox(method={sandbox.method!r}, interpreter=i, places=places_for(i)), "
        f"{program!r}, Limits(time_s=1000))"
    )
    asker = subprocess.Popen([sys.executable, "-c", code])
    try:
        wait_until(lambda: is_running(marker))
    finally:
        asker.send_signal(signal.SIGKILL)
        asker.wait()
    wait_until(lambda: not is_running(marker))


def wait_until(holds: object) -> None:
    """Up to a minute, for a machine that is busy."""
    assert callable(holds)
    ends_at = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def test_another_interpreter_has_its_packages(sandbox: Sandbox) -> None:
    interpreter = interpreter_at(Path(sys.executable))
    other = Sandbox(method=sandbox.method, interpreter=interpreter, places=places_for(interpreter))
    assert run(other, "import rich, pytest").end == "passed"
    assert run(other, f"open({__file__!r})").end == "error"


def test_sets_have_the_same_order_in_each_run(sandbox: Sandbox) -> None:
    program = "print(list({'one', 'two', 'three', 'four', 'five'}))\nraise SystemExit"
    assert run(sandbox, program) == run(sandbox, program)


def test_where_nothing_contains_a_program_none_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoSandbox, match="Linux only"):
        find_sandbox()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSandbox, match="there is no"):
        find_sandbox(own_interpreter())


def test_what_is_no_interpreter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoSandbox, match="is no Python that runs"):
        interpreter_at(tmp_path / "python")
    monkeypatch.setenv("HOME", str(Path(sys.base_prefix) / "someone"))
    with pytest.raises(NoSandbox, match="home folder"):
        interpreter_at(Path(sys.executable))
