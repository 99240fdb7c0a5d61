"""Secrets never enter: files by their names, and lines of other files."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_files import project, text_of, tree, workspace, write
from seekline.server.workspace.secrets import without_secrets

DIGITS = "Ab3" * 20


def check(text: str, hidden: int, name: str = "a.py") -> None:
    """Checks that the first `hidden` lines come out empty, with their line ends, and the others as they were."""
    lines = text.splitlines(keepends=True)
    found = without_secrets(lines, name)
    ends = [line[len(line.rstrip("\r\n")) :] for line in lines[:hidden]]
    assert list(found) == [*ends, *lines[hidden:]]


def test_secret_files_by_name_whatever_an_ignore_file_says(tmp_path: Path) -> None:
    write(tmp_path, {".seeklineignore": "!.env\n!*.pem\n!id_rsa\n"})
    tree(
        tmp_path,
        listed=["environment.py", "credentials.py", "keys.py", "secrets.py", "token.py", "env.py"],
        left_out=[
            *[
                ".env",
                ".env.local",
                "sub/.ENV",
                "prod.env",
                "server.pem",
                "Server.PEM",
                "tls.key",
                "id_rsa",
                "id_ed25519",
            ],
            *["credentials.json", "credentials", "app-credentials.json", ".npmrc", ".netrc", "terraform.tfvars"],
            *[".aws/config", ".ssh/known_hosts", "secrets.yaml", "service-account-1.json", "store.jks"],
        ],
    )


@pytest.mark.parametrize(
    "line",
    [
        'aws_id = "AKIA' + "ABCDEFGH23456789" + '"',
        "aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "TOKEN = 'ghp_" + DIGITS[:36] + "'",
        "t = 'github_pat_" + DIGITS[:40] + "'",
        "t = 'glpat-" + DIGITS[:20] + "'",
        "t = 'xoxb-" + "123456789012-" + DIGITS[:20] + "'",
        "u = 'https://hooks.slack.com/services/T0000/B0000/" + DIGITS[:24] + "'",
        "k = 'sk-proj-" + DIGITS[:40] + "'",
        "k = 'sk-ant-api03-" + DIGITS[:40] + "'",
        "k = 'AIza" + DIGITS[:35] + "'",
        "k = 'sk_live_" + DIGITS[:24] + "'",
        "t = 'hf_" + "AbCdEfGhIj" * 4 + "'",
        "j = 'eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0." + DIGITS[:20] + "'",
        "url = 'postgres://user:hunter2@db.example.org/x'",
        'password = "correct-horse-battery-staple"',
        "db_password: str = 'Tr0ub4dor'",
        '{"password": "Tr0ub4dor&3"}',
        'os.environ["SECRET_KEY"] = "django-insecure-8d7f6g5h4j3k"',
        'const apiKey = "0123456789abcdef0123";',
        'headers = {"Authorization": "Bearer ' + DIGITS[:24] + '"}',
    ],
)
def test_a_line_with_a_secret_comes_out_empty(line: str) -> None:
    check(f"{line}\nx = 1\n", 1)
    check(f"{line}\r\nx = 1\r\n", 1)


@pytest.mark.parametrize(
    "line",
    [
        "password = get_password()",
        'password = ""',
        'PASSWORD_FIELD = "password"',
        'password = "{password}-{salt}"',
        "def connect(self, password: str, token: str | None = None) -> None:",
        'secret_key = settings["SECRET_KEY"]',
        'token_type = "application/x-www-form-urlencoded"',
        "https://example.org/a:b@c",
        'task = "risk-assessment-of-everything-here"',
        "return self.tokens[self.position].kind",
        'key = "name"',
        "monkey = 'AKIA'",
    ],
)
def test_ordinary_code_stays(line: str) -> None:
    check(f"{line}\n", 0)


def test_a_value_without_quotes_is_one_only_where_values_need_none() -> None:
    check("db_password: hunter2hunter2\nname: x\n", 1, "config.yml")
    check("db_password: hunter2hunter2\n", 0, "a.py")


def test_a_private_key_goes_whole_and_what_follows_stays() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIE\n-----END RSA PRIVATE KEY-----\n"
    check(f"KEY = '''{key}'''\nx = 1\n", 5)
    broken = "-----BEGIN PRIVATE KEY-----\n" + (DIGITS + "\n") * 3
    check(f"{broken}def f(): ...\n", 4)
    check("marker = '-----BEGIN PRIVATE KEY-----'\ndef f(): ...\n", 1)


def test_lines_keep_their_numbers_in_the_document_and_its_outline(tmp_path: Path) -> None:
    text = f"class A:\n    token = 'ghp_{DIGITS[:36]}'\n    def method(self): ...\n"
    view = project(workspace(write(tmp_path, {"a.py": text})), tmp_path)
    assert text_of(view, "a.py") == "class A:\n\n    def method(self): ...\n"
    assert [(item.name, item.head[0]) for item in view.outline("a.py").definitions] == [("A", 0), ("method", 2)]
