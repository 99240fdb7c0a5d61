"""The engine process: `python -m seekline.model.engines.process ORDERS`, started by `starting`.

It says on its output that editors can connect, or why they can't, and closes it. It ends by itself; see `service`.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import msgspec

from . import engine_log
from .build import VERSION
from .place import EnginePlace
from .secret_files import is_file_of, write_token
from .service import Service
from .sockets import Listening
from .starting import Orders, Started

log = logging.getLogger(__name__)

_FAILED = 1


def main() -> None:
    orders = msgspec.json.decode(sys.argv[1], type=Orders)
    if orders.lock is not None:
        os.set_inheritable(orders.lock, False)  # a process that this one starts must not live on with it
    os.umask(0o077)
    _log_to_stderr()
    place = EnginePlace(folder=Path(orders.folder), name=orders.name)
    log_file = Path(orders.log)
    try:
        service = _open(place, orders)
    except OSError as error:
        _remove_files(place, orders)
        _say(Started(problem=f"{place.folder} cannot be used: {error.strerror or error}"), log_file)
        _end(_FAILED)
    signal.signal(signal.SIGTERM, lambda *_: service.end("SIGTERM"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log.info("process %d of Seekline %s waits at %s", os.getpid(), VERSION, place.socket)
    _say(Started(), log_file)
    service.run(lambda: engine_log.keep_small(log_file))
    _remove_files(place, orders)
    _end(0)


def _open(place: EnginePlace, orders: Orders) -> Service:
    """Editors can connect from here on. Raises `OSError`."""
    from .host import Host  # the slowest to import; before anybody connects

    host = Host(memory_bytes=orders.memory_bytes)
    token = write_token(place.token)
    return Service(Listening(place), token, host, keep_s=orders.keep_s)


def _say(started: Started, log_file: Path) -> None:
    """To who started this, who may be gone by now. The output is the log's from here on."""
    with suppress(OSError):
        os.write(1, msgspec.json.encode(started) + b"\n")
    engine_log.write_all_to(engine_log.open_log(log_file))


def _remove_files(place: EnginePlace, orders: Orders) -> None:
    """The last thing that is done: another process may start from here on. Where the lock's file was removed, all are
    another's."""
    if orders.lock is None or is_file_of(place.lock, orders.lock):
        for path in (place.token, place.lock):
            with suppress(OSError):
                path.unlink()


def _end(code: int) -> NoReturn:
    logging.shutdown()
    os._exit(code)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)-7s %(name)s: %(message)s"))
    logging.getLogger("seekline").addHandler(handler)
    logging.getLogger("seekline").setLevel(logging.INFO)


if __name__ == "__main__":
    main()
