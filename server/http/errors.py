"""What goes wrong with a request, in the form of OpenAI's API, which llama.cpp's server has too."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse

from ... import model


class HttpError(Exception):
    """An answer of another status than 200. `kind`: what OpenAI calls it; `parameter`: which one of the request's."""

    def __init__(
        self,
        status: int,
        problem: str,
        *,
        kind: str = "invalid_request_error",
        parameter: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem
        self.kind = kind
        self.parameter = parameter
        self.retry_after_s = retry_after_s

    def body(self) -> dict[str, Any]:
        error = {"message": self.problem, "type": self.kind, "param": self.parameter, "code": self.status}
        return {"error": error}

    def answer(self) -> JSONResponse:
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        return JSONResponse(self.body(), status_code=self.status, headers=headers)


def refused(parameter: str, problem: str) -> HttpError:
    """What a request says that cannot be done."""
    return HttpError(400, problem, parameter=parameter)


def of_model(error: model.ModelError) -> HttpError:
    """A prompt that is too long is the client's to mend; all else is the server's."""
    if isinstance(error, model.PromptTooLong):
        return HttpError(400, error.problem, kind="context_length_exceeded", parameter="prompt")
    return HttpError(503, str(error), kind="server_error", retry_after_s=5)
