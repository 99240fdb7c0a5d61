"""The child: reads jobs from its input, one after the other, and writes what the source says. See `process`.

It imports nothing of the server but this folder, and neither reads files of a workspace nor knows their names.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import sys
import traceback
from contextlib import suppress
from functools import cache
from typing import Any, BinaryIO

from ...fim.code import all_grammars, read_outline, read_source
from .process import MAX_MEMORY_BYTES, Failure, ParseJob


def main() -> None:
    jobs, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library may print is no result
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's terminal sends it to both; the parent decides
    _limit_memory()
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        while (job := _next_job(jobs)) is not None:
            _prepare(job.grammar)
            # A watch in C, which ends the process also while a parser holds Python's lock.
            faulthandler.dump_traceback_later(job.limit_s, exit=True, file=nowhere)
            answer = _read(job)
            faulthandler.cancel_dump_traceback_later()
            pickle.dump(answer, results, pickle.HIGHEST_PROTOCOL)
            results.flush()


def _next_job(jobs: BinaryIO) -> ParseJob | None:
    try:
        return pickle.load(jobs)  # noqa: S301 - from the process that started this one
    except EOFError:
        return None


def _read(job: ParseJob) -> Any:
    try:
        grammar = all_grammars()[job.grammar]
        if job.variables:
            return read_source(job.lines, grammar, job.comment)
        return read_outline(job.lines, grammar, job.comment), ()
    except Exception:  # noqa: BLE001 - told to the parent, which logs it
        return Failure(traceback.format_exc(limit=-6))


@cache
def _prepare(grammar: str) -> None:
    """Makes the queries, which takes a while and is no fault of the text that comes first."""
    for query in ("definitions", "imports", "variables"):
        all_grammars()[grammar].query(query)


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = MAX_MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MAX_MEMORY_BYTES, most)
        with suppress(OSError, ValueError):  # macOS refuses limits below what a process has reserved
            resource.setrlimit(resource.RLIMIT_AS, (limit, most))


if __name__ == "__main__":
    main()
