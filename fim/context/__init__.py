"""What other files of the workspace say that the code at the cursor depends on."""

from .cancellable import Stop
from .dependencies import FileFacts, file_facts
from .existing_members import ExistingMembers, existing_members
from .gather import NOTHING, Context, gather
from .given import given_context
from .order import dependency_order
from .packing import Part, header
from .related import related_paths

__all__ = [
    "NOTHING",
    "Context",
    "ExistingMembers",
    "FileFacts",
    "Part",
    "Stop",
    "dependency_order",
    "existing_members",
    "file_facts",
    "gather",
    "given_context",
    "header",
    "related_paths",
]
