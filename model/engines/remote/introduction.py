"""How a server and this machine get to know each other: whether it may be asked, which model it has, how that is
prompted."""

from __future__ import annotations

from threading import Event

from ...catalogue.catalogue import all_entries, entry_of_repository
from ...catalogue.sources import find_source
from ...errors import ModelError, RemoteFailed
from ...tokenizer import Tokenizer
from ..engine import EngineInfo, Limits
from ..http.client import HttpClient, Server
from ..http.failures import HttpFailure
from .connection import Connection, Form
from .problems import problem_of
from .remote_model import Address, RemoteModel, address_of, key_of
from .server_facts import ServerFacts, ask_facts

PROMPT_TOKENS = 2048
SUFFIX_TOKENS = 256
"""Of a prompt, where the settings leave it to the engine: whether a GPU computes it, a server does not say."""
_CONTEXT_TOKENS = 4096
"""Where neither the server nor the settings say more."""


def client_for(wanted: RemoteModel) -> HttpClient:
    """Opens nothing. Raises `RemoteFailed` where the settings do not allow it."""
    address = address_of(wanted.url)
    if wanted.offline and not address.is_local:
        raise RemoteFailed(
            f"offline = true, but remote_url names another machine: {address.origin}.",
            "Take one of the two out of your settings; a server on this machine may be asked all the same.",
        )
    key = key_of(wanted, address)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    secrets = [key] if key else []
    return HttpClient(Server(url=address.url, headers=headers, secrets=secrets, connect_s=wanted.silence_s))


def warning_about(wanted: RemoteModel) -> str | None:
    """What the user has to know before anything is sent."""
    address = address_of(wanted.url)
    if address.is_local or address.is_encrypted:
        return None
    also = " and your key" if key_of(wanted, address) else ""
    return f"Your code{also} will go to {address.origin} unencrypted: whoever is between can read it. Use https://."


def where(url: str) -> str:
    """Where code goes, as the status line says first. Raises `RemoteFailed` for what is no address."""
    address = address_of(url)
    if address.is_local:
        return f"a server on this machine: {address.origin}"
    return f"remote: code is sent to {address.origin}"


def introduce(
    wanted: RemoteModel, client: HttpClient, tokenizer: Tokenizer | None, cancel: Event
) -> tuple[Connection, EngineInfo]:
    """Asks the server what it is. Raises `RemoteFailed` and `Cancelled`."""
    address = address_of(wanted.url)

    def ask(path: str) -> object:
        return client.json("GET", path, cancel=cancel, limit_s=wanted.silence_s)

    try:
        facts = ask_facts(ask, wanted, address)
    except HttpFailure as failure:
        raise problem_of(failure, address, model=wanted.model) from None
    size = facts.vocabulary_size
    if tokenizer is not None and size is not None and tokenizer.size > size:
        raise RemoteFailed(
            f"{wanted.tokenizer} has {tokenizer.size} tokens, {facts.model} at {address.origin} {size}.",
            "Set remote_tokenizer to the model that runs there, or leave it out.",
        )
    takes, is_guess = facts.takes(has_tokenizer=tokenizer is not None)
    form = Form(takes=takes, is_guess=is_guess)
    if wanted.takes is not None:
        form = Form(takes=wanted.takes, is_guess=False)
    if form.takes == "ids" and tokenizer is None:
        raise RemoteFailed(
            'remote_prompt = "ids", but the tokenizer of the model is not known.',
            "Set remote_tokenizer to a folder or a model on this machine that has it.",
        )
    begin = tokenizer.begin_token if tokenizer is not None else None
    connection = Connection(client, wanted, address, facts, form, begin)
    return connection, info_of_server(wanted, address, facts, form, tokenizer)


def info_of_server(
    wanted: RemoteModel, address: Address, facts: ServerFacts, form: Form, tokenizer: Tokenizer | None
) -> EngineInfo:
    """Without a version."""
    context = facts.context_tokens or wanted.context_tokens or _CONTEXT_TOKENS
    return EngineInfo(
        name=facts.model,
        summary=f"{where(wanted.url)}, for {facts.model}",
        family=_family(facts.model),
        tokenizer=tokenizer,
        limits=Limits(
            context_tokens=context,
            prompt_tokens=PROMPT_TOKENS,
            longest_prompt_tokens=context,
            suffix_tokens=SUFFIX_TOKENS,
            is_local=address.is_local,
            takes_ids=form.takes == "ids",
            takes_suffix=form.takes == "suffix",
            takes_guides=False,
        ),
    )


def _family(name: str) -> str | None:
    entry = entry_of_repository(name) or all_entries().get(name.replace(":", "-"))
    return entry.family if entry else None


def tokenizer_of(wanted: RemoteModel) -> Tokenizer | None:
    """Raises `RemoteFailed` where it was named and cannot be had."""
    if not wanted.tokenizer:
        return None
    try:
        return Tokenizer(find_source(wanted.tokenizer, base=wanted.base).path)
    except ModelError as error:
        raise RemoteFailed(f"remote_tokenizer: {error.problem}", error.remedy) from None
