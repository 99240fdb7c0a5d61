"""Token ids in, token ids out: which models there are, where they lie, how they load, and how they generate.

Nothing here knows of documents, prompts or protocols. Importing this package imports no torch; what needs it
imports it when it is called.
"""

from .backend import Backend, KeyValues
from .catalogue import EMBEDDED, Entry, Licence, all_entries, entry_of_repository
from .checkpoint import Checkpoint, inspect
from .draft import PromptLookup, Width
from .draft_model import DraftModel
from .engine import Engine, Statistics
from .errors import (
    BrokenCheckpoint,
    Cancelled,
    DownloadFailed,
    FolderNotAgreed,
    ModelError,
    ModelNotInstalled,
    OutOfMemory,
    PromptTooLong,
    UnknownModel,
    UnreadableFile,
    UnsafeWeights,
    UnsupportedArchitecture,
    UnsupportedDevice,
    UnsupportedQuantization,
    UnsupportedTokenizer,
    VocabularyMismatch,
    trust_command,
)
from .fallback import Fitted, load_what_fits
from .guide import Guide, GuideState
from .hardware import Device, Dtype, all_devices, compute_threads, find_device, most_threads
from .hub import Installed, cache_folder, download, installed, remove
from .llama.native.library import is_compiled
from .loading import LoadedModel, load_model
from .memory import release_memory, trim_heap
from .plan import NO_DRAFTS, Plan, Wanted, fits, make_plan, smaller_quantization
from .sampling import GREEDY, Sampling
from .sizes import Quantization
from .sources import (
    Source,
    canonical_folder,
    embedded_folder,
    find_source,
    is_path,
    no_such_model,
    split_revision,
)
from .tokenizer import Decoder, Tokenizer
from .vocabulary_index import VocabularyIndex
from .worker import Job, Worker

__all__ = [
    "EMBEDDED",
    "GREEDY",
    "NO_DRAFTS",
    "Backend",
    "BrokenCheckpoint",
    "Cancelled",
    "Checkpoint",
    "Decoder",
    "Device",
    "DownloadFailed",
    "DraftModel",
    "Dtype",
    "Engine",
    "Entry",
    "Fitted",
    "FolderNotAgreed",
    "Guide",
    "GuideState",
    "Installed",
    "Job",
    "KeyValues",
    "Licence",
    "LoadedModel",
    "ModelError",
    "ModelNotInstalled",
    "OutOfMemory",
    "Plan",
    "PromptLookup",
    "PromptTooLong",
    "Quantization",
    "Sampling",
    "Source",
    "Statistics",
    "Tokenizer",
    "UnknownModel",
    "UnreadableFile",
    "UnsafeWeights",
    "UnsupportedArchitecture",
    "UnsupportedDevice",
    "UnsupportedQuantization",
    "UnsupportedTokenizer",
    "VocabularyIndex",
    "VocabularyMismatch",
    "Wanted",
    "Width",
    "Worker",
    "all_devices",
    "all_entries",
    "cache_folder",
    "canonical_folder",
    "compute_threads",
    "download",
    "embedded_folder",
    "entry_of_repository",
    "find_device",
    "find_source",
    "fits",
    "inspect",
    "installed",
    "is_compiled",
    "is_path",
    "load_model",
    "load_what_fits",
    "make_plan",
    "most_threads",
    "no_such_model",
    "release_memory",
    "remove",
    "smaller_quantization",
    "split_revision",
    "trim_heap",
    "trust_command",
]
