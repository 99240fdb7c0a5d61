"""The boundary of all commands: errors become one line and an exit code, not a traceback."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable
from pathlib import Path

_FAILED = 1
_BAD_INPUT = 2
_INTERRUPTED = 130


def run(command: Callable[[], object]) -> None:
    """Runs a command. Exit codes: 0 done, 1 an unexpected error, 2 something to mend first."""
    _print_any_character()
    try:
        try:
            command()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where an error can still be told
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        _write_no_more()
        sys.exit(_FAILED)  # who reads it has enough, as in `seekline models | head -1`
    except Exception as error:
        told = _problem_and_remedy(error)
        if told is None:
            raise
        from .console import print_error

        print_error(*told)
        _write_no_more()
        sys.exit(_BAD_INPUT)


def _problem_and_remedy(error: Exception) -> tuple[str, str] | None:
    """What is wrong and the way out; None where nobody foresaw it."""
    from ... import model
    from ..errors import InputError

    if isinstance(error, (InputError, model.ModelError)):
        return error.problem, error.remedy
    if isinstance(error, OSError):
        if _folder_is_gone():
            return "The current folder does not exist any more.", "Change to another one."
        if error.filename is None:
            return f"The output cannot be written: {error.strerror or error}.", "Make room, or send it elsewhere."
    return None


def _folder_is_gone() -> bool:
    try:
        Path.cwd()
    except OSError:
        return True
    return False


def _print_any_character() -> None:
    """Code and file names hold characters that the terminal's encoding may lack: they come out as escapes.

    ASCII is what a system without a locale says: there, they come out as UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        is_ascii = codecs.lookup(stream.encoding).name == "ascii"
        reconfigure(encoding="utf-8" if is_ascii else stream.encoding, errors="backslashreplace")


def _write_no_more() -> None:
    """What is still to be written may be impossible to write, which Python would complain of at its end."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
