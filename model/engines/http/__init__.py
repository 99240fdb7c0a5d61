"""How an engine speaks with a server over HTTP: one client, its failures, and answers that come piece by piece."""
