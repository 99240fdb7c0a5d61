"""What a whole file says to those who sort files: what it imports, what it defines, how well it parses."""

from __future__ import annotations

from dataclasses import dataclass

from ..code import Definition, grammar_of
from ..languages import language_of_path
from ..resolve import Project
from .names.members import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """`imports`: the files of the project that it imports, without itself and installed packages. `definitions`: what
    it defines, in its order. `error_share`: how much of it the grammar could not read; 1 where parsing it did not
    end."""

    imports: frozenset[str] = frozenset()
    definitions: tuple[Definition, ...] = ()
    error_share: float = 0.0


def file_facts(path: str, project: Project) -> FileFacts | None:
    """None for a file that has no grammar, or that the project does not show."""
    grammar = grammar_of(path, language_of_path(path))
    document = None if grammar is None else project.document(path)
    if grammar is None or document is None:
        return None
    outline = project.outline(path)
    names = Names(project, document, outline, grammar)
    paths = project.paths
    imports = (other for other in names.imported_files(path) if other in paths and not paths.is_library(other))
    return FileFacts(
        imports=frozenset(imports) - {path}, definitions=outline.definitions, error_share=outline.error_share
    )
