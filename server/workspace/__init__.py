"""The only input from project files: which files the open folders have, and what they say.

`Workspace.project_of` hands the context engine one root as a `Project`. Behind it: `listing` walks a root by the rules
of `ignore`, `exclusions` and `secrets` (whose `secret_rules` say what one looks like); `tree` keeps what it found true;
`texts` says where a file's text is by now, `reading` makes it what prompts may see, `index` remembers that and what is
made of it, in one bounded `memory`, and `view` is what one prompt sees. `buffers` are the editor's open files;
`libraries`, where wanted, the packages installed for the root. `canonical_paths` says where a path really is,
`refusals` why a file is never completed in.
"""

from .buffers import Buffers
from .canonical_paths import canonical
from .path_events import MAX_EVENTS
from .refusals import Refusal, matches
from .roots import Happened, Workspace

__all__ = ["MAX_EVENTS", "Buffers", "Happened", "Refusal", "Workspace", "canonical", "matches"]
