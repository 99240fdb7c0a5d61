"""Reading of source text in a process of its own.

A few kilobytes can be written so that a grammar's parser works on them for minutes, holding Python's lock all the
while, or ends the process. So the parsers run in a child that gives up by itself, and whoever waits for it lets others
run.
"""

from .process import ParserProcess, leaving_when, parser_process, read_source

__all__ = ["ParserProcess", "leaving_when", "parser_process", "read_source"]
