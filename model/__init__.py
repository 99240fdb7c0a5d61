"""Token ids in, token ids out: which models there are, where they lie, how they load, and how they generate.

Nothing here knows of documents, prompts or protocols. Importing this package imports no torch; what needs it
imports it when it is called.
"""

from .backends.interface import Backend
from .backends.llama.kept import Kept, delete_kept, kept_weights
from .backends.llama.native_structures import is_compiled, why_not_compiled
from .catalogue.adapter import NO_ADAPTER, Adapter, adapter_digest
from .catalogue.catalogue import (
    EMBEDDED,
    Entry,
    Licence,
    all_entries,
    entry_of_repository,
    entry_of_series,
    published_in,
    sizes_of_series,
)
from .catalogue.checkpoint import Checkpoint, inspect
from .catalogue.hub import Installed, cache_folder, download, installed, remote_files, remove
from .catalogue.learned import (
    Learned,
    LearnedAdapter,
    adapters_home,
    all_learned,
    learned_folder,
    learned_from,
    repository_folder,
    repository_folders,
    withdraw,
)
from .catalogue.published import PublishedWeights, WeightsFormat
from .catalogue.sources import (
    Source,
    canonical_path,
    download_command,
    embedded_folder,
    entry_named,
    find_source,
    find_sources,
    is_path,
    name_of_path,
    no_such_model,
    published_of,
)
from .catalogue.wanted import (
    HubName,
    WantedWeights,
    hub_name,
    is_later_part,
    parts_of_file,
    quantization_of_file,
)
from .catalogue.weight_bytes import gguf_quantization
from .catalogue.weight_bytes import mixes as gguf_mixes
from .chat_template import ChatMessage, ChatTemplate, chat_template_of
from .decoding.copying.copy_texts import CopyTexts
from .decoding.draft_length import DraftLength
from .decoding.draft_model import DraftModel
from .decoding.engine_core import EngineCore
from .decoding.guide import Guide, GuideState
from .decoding.prompt_lookup import PromptLookup
from .decoding.request import Statistics
from .decoding.sampling import GREEDY, LineSearch, Sampling
from .decoding.scores import LikelyToken
from .decoding.vocabulary_index import VocabularyIndex
from .engines.chosen import ChosenEngine
from .engines.engine import (
    CompletionRequest,
    ControlToken,
    Engine,
    EngineInfo,
    InfoChanged,
    Limits,
    LookupText,
    Piece,
    Status,
    Usage,
    new_version,
)
from .engines.local import LocalEngine
from .engines.local_info import info_of, info_of_tokenizer
from .engines.process.client_name import ClientName
from .engines.process.engine import SharedEngine
from .engines.process.messages import ClientStatus, HostStatus, ModelStatus
from .engines.process.place import EnginePlace, place_for_user, places_in
from .engines.process.process_status import ProcessStatus
from .engines.process.shared_model import SharedModel
from .engines.process.visits import check_place, engine_status, stop_engine
from .engines.remote.engine import RemoteEngine
from .engines.remote.introduction import where as where_served
from .engines.remote.remote_model import RemoteModel
from .engines.wanted import LocalModel, Report
from .engines.worker import Job, ThreadPerJob, Worker
from .errors import (
    BrokenAdapter,
    BrokenCheckpoint,
    Cancelled,
    ChatRefused,
    DownloadFailed,
    EngineDied,
    EngineUnreachable,
    ModelError,
    ModelNotInstalled,
    OutOfMemory,
    PathNotAgreed,
    PromptTooLong,
    RemoteFailed,
    UnknownModel,
    UnreadableFile,
    UnsafeWeights,
    UnsupportedAdapter,
    UnsupportedArchitecture,
    UnsupportedDevice,
    UnsupportedQuantization,
    UnsupportedTokenizer,
    VocabularyMismatch,
    trust_command,
)
from .loading.engine_choice import has_llama_cpp
from .loading.fallback import LoadResult, load_what_fits
from .loading.hardware import Device, Dtype, all_devices, compute_threads, find_device, most_threads
from .loading.llama_cpp_devices import llama_cpp_devices
from .loading.load import load_model, quantized_folder
from .loading.loaded_model import LoadedModel
from .loading.memory import release_memory, trim_heap
from .loading.outlook import Outlook, outlooks, outlooks_of_formats
from .loading.pack import pack
from .loading.plan import Plan, make_plan
from .loading.published import best_published, published_bytes
from .loading.request import NO_DRAFTS, ModelRequest
from .loading.sizes import Quantization
from .loading.variants import by_preference, label
from .tokenizer import Decoder, Tokenizer

__all__ = [
    "EMBEDDED",
    "GREEDY",
    "NO_ADAPTER",
    "NO_DRAFTS",
    "Adapter",
    "Backend",
    "BrokenAdapter",
    "BrokenCheckpoint",
    "Cancelled",
    "ChatMessage",
    "ChatRefused",
    "ChatTemplate",
    "Checkpoint",
    "ChosenEngine",
    "ClientName",
    "ClientStatus",
    "CompletionRequest",
    "ControlToken",
    "CopyTexts",
    "Decoder",
    "Device",
    "DownloadFailed",
    "DraftLength",
    "DraftModel",
    "Dtype",
    "Engine",
    "EngineCore",
    "EngineDied",
    "EngineInfo",
    "EnginePlace",
    "EngineUnreachable",
    "Entry",
    "Guide",
    "GuideState",
    "HostStatus",
    "HubName",
    "InfoChanged",
    "Installed",
    "Job",
    "Kept",
    "Learned",
    "LearnedAdapter",
    "Licence",
    "LikelyToken",
    "Limits",
    "LineSearch",
    "LoadResult",
    "LoadedModel",
    "LocalEngine",
    "LocalModel",
    "LookupText",
    "ModelError",
    "ModelNotInstalled",
    "ModelRequest",
    "ModelStatus",
    "OutOfMemory",
    "Outlook",
    "PathNotAgreed",
    "Piece",
    "Plan",
    "ProcessStatus",
    "PromptLookup",
    "PromptTooLong",
    "PublishedWeights",
    "Quantization",
    "RemoteEngine",
    "RemoteFailed",
    "RemoteModel",
    "Report",
    "Sampling",
    "SharedEngine",
    "SharedModel",
    "Source",
    "Statistics",
    "Status",
    "ThreadPerJob",
    "Tokenizer",
    "UnknownModel",
    "UnreadableFile",
    "UnsafeWeights",
    "UnsupportedAdapter",
    "UnsupportedArchitecture",
    "UnsupportedDevice",
    "UnsupportedQuantization",
    "UnsupportedTokenizer",
    "Usage",
    "VocabularyIndex",
    "VocabularyMismatch",
    "WantedWeights",
    "WeightsFormat",
    "Worker",
    "adapter_digest",
    "adapters_home",
    "all_devices",
    "all_entries",
    "all_learned",
    "best_published",
    "by_preference",
    "cache_folder",
    "canonical_path",
    "chat_template_of",
    "check_place",
    "compute_threads",
    "delete_kept",
    "download",
    "download_command",
    "embedded_folder",
    "engine_status",
    "entry_named",
    "entry_of_repository",
    "entry_of_series",
    "find_device",
    "find_source",
    "find_sources",
    "gguf_mixes",
    "gguf_quantization",
    "has_llama_cpp",
    "hub_name",
    "info_of",
    "info_of_tokenizer",
    "inspect",
    "installed",
    "is_compiled",
    "is_later_part",
    "is_path",
    "kept_weights",
    "label",
    "learned_folder",
    "learned_from",
    "llama_cpp_devices",
    "load_model",
    "load_what_fits",
    "make_plan",
    "most_threads",
    "name_of_path",
    "new_version",
    "no_such_model",
    "outlooks",
    "outlooks_of_formats",
    "pack",
    "parts_of_file",
    "place_for_user",
    "places_in",
    "published_bytes",
    "published_in",
    "published_of",
    "quantization_of_file",
    "quantized_folder",
    "release_memory",
    "remote_files",
    "remove",
    "repository_folder",
    "repository_folders",
    "sizes_of_series",
    "stop_engine",
    "trim_heap",
    "trust_command",
    "where_served",
    "why_not_compiled",
    "withdraw",
]
