"""The version of Seekline; pyproject.toml reads it here. To ask the installation would cost a server's start time."""

VERSION = "0.1.0"
