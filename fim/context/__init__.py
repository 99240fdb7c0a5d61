"""What other files of the workspace say that the code at the cursor depends on."""

from .gather import NOTHING, Context, gather
from .packing import Part, header
from .receiver import Member, Receiver
from .stoppable import Stop

__all__ = ["NOTHING", "Context", "Member", "Part", "Receiver", "Stop", "gather", "header"]
