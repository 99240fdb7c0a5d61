"""In how many forms secrets are found, and how many ordinary lines are taken for some."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
import tomli
from made_up_secrets import fill, left_over
from seekline.server.workspace.secret_rules import groups
from seekline.server.workspace.secrets import without_secrets

ROOT = Path(__file__).parents[3]
FORMS: dict[str, list[str]] = tomli.loads(Path(__file__).with_name("secret_forms.toml").read_text("utf-8"))
SEEDS = range(20)
# Made of secrets, or of expressions that look for them.
OWN_SUBJECT = {"secrets.toml", "secret_forms.toml", "test_secrets.py", "test_secret_forms.py", "test_secret_costs.py"}


def hides(name: str, form: str, seed: int) -> bool:
    text, values = fill(form, random.Random(seed))
    lines = f"{text}\nx = 1\n".splitlines(keepends=True)
    found = without_secrets(lines, name)
    assert found[-1] == "x = 1\n"
    return not left_over(found, values)


def test_secrets_in_all_their_forms_are_hidden() -> None:
    forms = [(name, form) for name, rows in FORMS.items() for form in rows]
    missed = [(name, form) for name, form in forms if not all(hides(name, form, seed) for seed in SEEDS)]
    print(f"{len(forms) - len(missed)} of {len(forms)} forms hidden for each of {len(SEEDS)} made-up secrets")
    assert len(forms) >= 250
    assert missed == []


def test_lines_that_rules_hold_in_are_looked_at() -> None:
    """A rule's `near` must be on each line that its pattern can begin in: a wrong one would hide nothing, silently."""
    for name, rows in FORMS.items():
        for form in rows:
            text = fill(form, random.Random(1))[0].encode("latin-1")
            for group in groups():
                for rule in group.rules_in(text, name):
                    found = rule.pattern.search(text)
                    line = text[found.start() :].lstrip(b"\n").split(b"\n")[0]
                    before = text[: found.start()].split(b"\n")[-1]
                    assert group.near.search(before + line), (rule.name, form)


def ordinary_lines(folder: Path) -> dict[str, tuple[int, int]]:
    """By ending of the file's name: how many lines there are in a folder, how many of them come out empty."""
    lines: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".py", ".toml", ".lua", ".js", ".ts", ".c", ".h", ".scm", ".md", ".sh", ".go", ".php"}:
            continue
        if path.name in OWN_SUBJECT or not path.is_file():
            continue
        text = path.read_text("utf-8", "replace").splitlines(keepends=True)
        found = without_secrets(text, path.name)
        lines[path.suffix] += len(text)
        hidden[path.suffix] += sum(a != b for a, b in zip(text, found, strict=True))
    return {suffix: (lines[suffix], hidden[suffix]) for suffix in lines}


@pytest.mark.parametrize("folder", ["fim", "model", "server", "tests", "editors", "bench"])
def test_ordinary_lines_of_this_repository_stay(folder: str) -> None:
    shares = ordinary_lines(ROOT / folder)
    for suffix, (lines, hidden) in sorted(shares.items()):
        print(f"{folder} {suffix}: {hidden} of {lines} lines hidden, {100 * hidden / lines:.3f} %")
    lines = sum(count for count, _ in shares.values())
    hidden = sum(count for _, count in shares.values())
    assert hidden <= 0.003 * lines


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.py", 'password_url = "/accounts/v1/password2"'),
        ("a.py", 'raise ValueError("Password must have 8 characters")'),
        ("a.py", 'password = getpass("Password: ")'),
        ("a.py", 'PASSWORD_RESET_TIMEOUT = "3 days"'),
        ("a.py", 'pad_token="<|endoftext|>"'),
        ("a.py", 'secret = os.environ["APP_SECRET_2"]'),
        ("a.py", 'parser.add_argument("--password", "-p", help="of the user")'),
        ("a.py", 'token_url = "https://example.org/oauth2/token"'),
        ("a.py", 'api_key = config.get("api_key_v2")'),
        ("a.py", 'password="%s:%d" % (user, number)'),
        ("a.py", "def login(user, password): return auth(user, password)"),
        ("a.js", "const password = `${first}${second}`;"),
        ("a.js", 'password: "Enter your new password (min. 8 characters)",'),
        ("a.js", 'input[type="password"], input[name="password2"]'),
        ("a.js", 'import { token1 } from "@scope/auth-token2";'),
        ("a.ts", "password?: string; token: string | null;"),
        ("a.go", "password := flag.String(passwordFlag, defaultPassword, usage)"),
        ("a.java", "String password = request.getParameter(PASSWORD_1);"),
        ("a.yml", "password: ${{ secrets.DB_PASSWORD_1 }}"),
        ("a.yml", "password: !vault"),
        ("a.yml", "password: *default_password1"),
        ("a.sh", "PASSWORD=$1; TOKEN=$(cat token1)"),
        ("a.sh", 'curl -u "$USER:$PASSWORD" https://example.org'),
        ("a.tf", "password = var.db_password1"),
        ("a.cs", 'var c = $"Server={server};Password={password1}";'),
        ("a.md", "The password is sent to the server."),
        ("a.json", '"integrity": "sha512-' + "aB3+" * 21 + '=="'),
        ("a.c", 'printf("token %d of %d\\n", token, tokens);'),
        ("a.rs", 'let token: &str = tokens.next().expect("a token2");'),
    ],
)
def test_what_only_looks_like_a_secret_stays(name: str, line: str) -> None:
    assert without_secrets([f"{line}\n"], name) == (f"{line}\n",)
