"""What other files of the workspace say that the code at the cursor depends on."""

from .cancellable import Stop
from .gather import NOTHING, Context, gather
from .names.receiver import Member, Receiver
from .packing import Part, header
from .related import related_paths

__all__ = ["NOTHING", "Context", "Member", "Part", "Receiver", "Stop", "gather", "header", "related_paths"]
