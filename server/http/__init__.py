"""The model over HTTP, for programs that speak no LSP. It needs the extra `http`."""
