"""Four places say what the command takes: its parser, --help, the manual page and the completion of bash. They say the same."""
import functools
import os
import re
import subprocess

import pytest

from harness.sluis import COMMAND, ROOT, command

FLAG = re.compile(r"--[a-z][a-z-]+")
# Words behind the command that choose another parser.
SUB = {"recover": ["plan", "status", "start", "advance", "approve", "withdraw", "stop"],
       "user": ["list", "add", "change", "disable"], "group": ["list", "add", "remove"], "session": ["list", "revoke"],
       "sessions": ["list", "revoke"], "invite": ["list", "add"], "server": ["drain"],
       "audit": ["tail", "search", "reached", "verify", "prove", "check-proof"],
       "incident": ["open", "note", "close", "list", "show", "message", "report"],
       "recover": ["plan", "status", "start", "stop", "advance", "approve", "withdraw"], "alarms": ["close"],
       "cache": ["purge"], "changes": ["save", "drop"], "history": ["show"],
       "evidence": ["collect", "verify", "show", "list", "waive"]}


# An option, and the beginning of a longer one too.
SHORT = {("incident", "--form")}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def commands():
    return re.findall(r"^  ([a-z]+) ", command("help").stdout, re.M)


def manual():
    return re.sub(r"\\f[A-Z]", "", read("docs/man/sluis.1").replace("\\-", "-"))


def universe():
    """Every long option that any source, page or completion has."""
    text = manual() + read("packaging/sluis.bash")
    folder = os.path.join(ROOT, "src/tool")
    for name in os.listdir(folder):
        if name.endswith(".c"):
            rows = re.findall(r'\{ "([a-z-]+)", (?:no|required|optional)_argument', read(f"src/tool/{name}"))
            text += "".join(f" --{flag} " for flag in rows)
    return tuple(sorted(set(FLAG.findall(text)) - {"--help"}))


def takes(words, flag):
    """Whether the parser knows it: then the --help behind it is found."""
    return any(command(*words, given, "--help").returncode == 0 for given in (flag, f"{flag}=1"))


@functools.lru_cache(None)
def parser(name, flags):
    found = set()
    for sub in ["", *SUB.get(name, [])]:
        known = {flag for flag in flags if takes([name, sub] if sub else [name], flag)}
        # getopt takes the beginning of a longer one as well
        found |= {flag for flag in known if (name, flag) in SHORT or not any(other != flag and other.startswith(flag) for other in known)}
    return found


def helped(name):
    text = "".join(command(name, *([sub] if sub else []), "--help").stdout for sub in ["", *SUB.get(name, [])])
    flags = set(FLAG.findall(text)) - {"--help"}
    for names in re.findall(r"--[a-z-]+(?:, --[a-z-]+)+", text):
        flags |= set(FLAG.findall(names))
    return text, flags


def completed(*words):
    """What bash offers behind these words, when "--" has been typed."""
    script = ('compopt() { :; }; source "$1"; shift; COMP_WORDS=(sluis "$@"); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); '
              '_sluis; printf "%s\\n" "${COMPREPLY[@]}"')
    path = os.path.join(ROOT, "packaging/sluis.bash")
    ran = subprocess.run(["bash", "-c", script, "bash", path, *words], capture_output=True, text=True, check=True,
                         env={**os.environ, "PATH": os.path.dirname(COMMAND) + ":" + os.environ["PATH"]})
    return set(ran.stdout.split())


@pytest.fixture(scope="module", name="flags")
def every_flag():
    return universe()


@pytest.mark.parametrize("name", [name for name in commands() if name != "help"])
def test_same_options(name, flags):
    known = parser(name, flags)
    text, said = helped(name)
    assert text.startswith("usage: sluis") and not command(name, "--nonsense").stdout
    if name in ("check", "version"):
        known -= {"--state"}  # every command takes it; these have no use for it
    assert known == (said & set(flags)) and not said - set(flags), "--help"
    offered = completed(name, "--")
    for sub in SUB.get(name, []):
        offered |= completed(name, sub, "--")
    assert offered - {"--help", "--state"} == known - {"--state"}, "completion"
    missing = [flag for flag in known if flag not in manual()]
    assert not missing, f"the manual page has no {missing}"


def test_same_commands():
    names = commands()
    assert set(names) <= completed("") and completed("") <= set(names), "completion"
    assert completed("help", "") == set(names) - {"help"}
    synopsis = manual().split(".SH DESCRIPTION")[0]
    for name in names:
        assert name == "help" or re.search(rf"(sluis |^\.B |\| )[\w |\n.]*\b{name}\b", synopsis), f"the synopsis has no {name}"


@pytest.mark.parametrize("name", [n for n in commands() if n in ("server", "backend", "route", "certificate", "listener", "cache",
                                                                 "changes", "history", "audit", "user", "group", "session",
                                                                 "invite", "evidence")])
def test_same_words(name):
    """Words behind a command, as its --help writes them: add|set|remove."""
    text, _ = helped(name)
    words = {word for line in re.findall(rf"^(?:usage:|      ) sluis {name} ([a-z|-]+)", text, re.M) for word in line.split("|")}
    offered = {word for word in completed(name, "") if re.fullmatch("[a-z][a-z-]*", word)}
    assert words == offered
    for word in words:
        assert re.search(rf"\b{word}\b", manual()), word


def test_flags_of_the_manual_exist(flags):
    known = set().union(*(parser(name, flags) for name in commands() if name != "help"))
    assert set(flags) - known == set()
