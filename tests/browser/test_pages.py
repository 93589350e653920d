"""Every page of the portal, in both languages, light and dark, in a browser: WCAG 2.2 AA as far as axe-core and a keyboard can
tell, nothing that the content policy refuses, and passkeys (WebAuthn §5, §6.1) with a virtual authenticator."""
import os
import tempfile

import pytest
from conftest import make_previews, missing, run_script

CHECKS = ["a passkey is made and then used", "a person who is not recognised is told so, and may try again",
          "a passkey that is there already is not made twice",
          "without JavaScript the password remains, and the passkey does not show", "a browser without passkeys says so",
          "onward goes on by itself"]
# What test_faults_are_found plants, and a word of what has to be said of it.
FAULTS = {"contrast": ('<main><h1>x</h1><p class="pale">pale</p></main>', "axe color-contrast"),
          "label": ('<main><h1>x</h1><input type="text" name="a"></main>', "axe label"),
          "heading": ("<main><h3>x</h3></main>", "axe page-has-heading-one"),
          "policy": ('<main><h1>x</h1><p style="color: red">x</p></main>', "Content Security Policy"),
          "script": ("<main><h1>x</h1></main><script>1</script>", "Content Security Policy"),
          "wide": ('<main><h1>x</h1><pre class="bare">' + "x" * 300 + "</pre></main>", "reflow"),
          "small": ('<main><h1>x</h1><button class="tiny">x</button></main>', "target"),
          "order": ('<main><h1>x</h1><a href="/a" tabindex="2">a</a> <a href="/b" tabindex="1">b</a></main>', "keyboard"),
          "focus": ('<main><h1>x</h1><a class="bare" href="/a">a</a></main>', "the focus can't be seen")}
STYLE = (".pale { color: #aaa; } .bare { white-space: pre; } a.bare:focus-visible { outline: none; } "
         ".tiny { min-height: 0; height: 10px; width: 10px; padding: 0; border: 0; overflow: hidden; }")


def pytest_generate_tests(metafunc):
    if "page" in metafunc.fixturenames:
        with tempfile.TemporaryDirectory() as folder:
            names = [name for name in make_previews(folder) if "onward" not in name]
        metafunc.parametrize("page", names[:1] if missing() else names)
    if "check" in metafunc.fixturenames:
        metafunc.parametrize("check", CHECKS[:1] if missing() else CHECKS)


@pytest.fixture(name="previews", scope="module")
def fixture_previews(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("previews"))
    make_previews(folder)
    return folder


@pytest.fixture(name="looks", scope="module")
def fixture_looks(browser, previews):
    assert browser is None
    return run_script("pages.mjs", previews)


@pytest.fixture(name="behaviour", scope="module")
def fixture_behaviour(browser, previews):
    assert browser is None
    return run_script("script.mjs", previews)


def test_page(looks, page):
    # A place in a queue is kept by asking: the real-time exception of WCAG 2.2.1. Nothing that somebody has typed is lost.
    allowed = "axe meta-refresh" if page.endswith("waiting.html") else None
    found = [one for one in looks[page] if not (allowed and one.startswith(allowed))]
    assert found == []


def test_script(behaviour, check):
    assert behaviour[check] == []


@pytest.mark.usefixtures("browser")
def test_faults_are_found(tmp_path):
    """The checks are no empty words: each finds the fault that was planted for it."""
    make_previews(str(tmp_path))
    (tmp_path / "assets/faults.css").write_text(STYLE, encoding="utf-8")
    css = next(name for name in os.listdir(tmp_path / "assets") if name.startswith("portal."))
    head = ('<!DOCTYPE html><html lang="nl"><head><meta charset="utf-8"><title>x</title>'
            f'<link rel="stylesheet" href="/assets/{css}"><link rel="stylesheet" href="/assets/faults.css">'
            '<link rel="icon" href="/favicon.ico"></head><body>')
    for name, (body, _) in FAULTS.items():
        (tmp_path / f"nl/{name}.html").write_text(f"{head}{body}</body></html>", encoding="utf-8")
    (tmp_path / "pages").write_text("".join(f"nl/{name}.html\n" for name in FAULTS), encoding="utf-8")
    found = run_script("pages.mjs", str(tmp_path))
    for name, (_, word) in FAULTS.items():
        assert any(word in problem for problem in found[f"nl/{name}.html"]), (name, found[f"nl/{name}.html"])
