"""What can be wrong with what the user gave on the command line.

InputError
├── BadBatch      a file of places that cannot be read, or a line in it
├── BadPlace      a file that cannot be read, or a line or column that it does not have
├── BadSettings   settings that cannot be used
├── BadStatistics a file of statistics that cannot be used
└── BadRequest    a combination of options that makes no sense
"""

from __future__ import annotations


class InputError(Exception):
    """`problem` names the thing that is wrong, `remedy` the way out; both are whole sentences."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class BadBatch(InputError):
    pass


class BadPlace(InputError):
    pass


class BadSettings(InputError):
    pass


class BadStatistics(InputError):
    pass


class BadRequest(InputError):
    pass
