"""The command line. Each module holds one group of commands; what fails ends with one line and exit code 2."""

from __future__ import annotations

import gc
import logging
import sys

_BARE_SERVE = (["serve"], ["serve", "--stdio"])


def main() -> None:
    """Runs the command that `sys.argv` holds; see `boundary.run` for the exit codes."""
    gc.disable()  # while modules are imported there is nothing to collect, but a tenth of the time to lose
    _log_to_stderr()
    from .boundary import run

    # What editors say. There is nothing to parse, and the parser takes a fifth of the time to the first answer.
    run(_serve if sys.argv[1:] in _BARE_SERVE else _command)


def _serve() -> None:
    from ..lsp.message_types import load_types

    load_types()
    from ..lsp.transport import serve_stdio

    gc.enable()
    serve_stdio({})


def _command() -> None:
    from .main import create_app

    app = create_app(next(iter(sys.argv[1:]), None))
    gc.enable()
    app()


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.getLogger("seekline").addHandler(handler)
    logging.getLogger("seekline").setLevel(logging.WARNING)
    # What pygls logs as an error is told again, and better, by the protocol's own handlers.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
