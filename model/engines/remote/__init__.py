"""The engine that is a server which the user already runs or rents, spoken with by OpenAI's completions API."""
