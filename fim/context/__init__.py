"""What other files of the workspace say that the code at the cursor depends on."""

from .cancellable import Stop
from .existing_members import ExistingMembers, existing_members
from .gather import NOTHING, Context, gather
from .given import given_context
from .packing import Part, header
from .related import related_paths

__all__ = [
    "NOTHING",
    "Context",
    "ExistingMembers",
    "Part",
    "Stop",
    "existing_members",
    "gather",
    "given_context",
    "header",
    "related_paths",
]
