"""What other files of the workspace say that the code at the cursor depends on."""

from .cancellable import Stop
from .existing_members import ExistingMembers, existing_members
from .gather import NOTHING, Context, gather
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
    "header",
    "related_paths",
]
