"""The Language Server Protocol: bytes, messages, handlers. Nothing else knows lsprotocol or pygls."""
