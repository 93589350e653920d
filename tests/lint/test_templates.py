"""The template compiler refuses every value in a place that has no safe escape, and says where (A10, A19)."""
import importlib.machinery
import importlib.util
import os
import re
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
FIELDS = """
name    text   m->name
link    url    m->link
number  number m->number
is_new  flag   m->is_new
bits    bits   m->bits
rows    list   struct row m->rows m->rows_n
row.at  number row->at
kind    words  kind m->kind n=m->number
words kind 1=one 2=several default=other
"""
MESSAGES = {
    "nl": "lang = nl\nhello = Hallo, {name}!\nkind.one = een\nkind.several = {n} stuks\nkind.other = \"iets\" & meer\n",
    "en": "lang = en\nhello = Hello, {name}!\nkind.one = one\nkind.several = {n} pieces\nkind.other = \"something\" & more\n",
}
PAGE = '<p>{{t:lang}} {{t:hello}} {{kind}}</p><link rel="icon" href="{{asset:a.svg}}">\n'


def compiler():
    """tools/compile-templates as a module."""
    sys.path.insert(0, os.path.join(ROOT, "tools"))
    path = os.path.join(ROOT, "tools/compile-templates")
    loader = importlib.machinery.SourceFileLoader("compile_templates", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compile_templates", loader))
    loader.exec_module(module)
    return module


@pytest.fixture(name="web")
def fixture_web(tmp_path, monkeypatch, capsys):
    """compile(text) -> (exit code, what it said, the C); other files by keyword, "messages_nl" for messages.nl."""

    def compile_page(text, **others):
        files = {"fields": FIELDS, "messages.nl": MESSAGES["nl"], "messages.en": MESSAGES["en"], "first.html": PAGE,
                 "page.html": text, "assets/a.svg": "<svg/>"}
        files.update({name.replace("__", "/").replace("_", ".", 1): value for name, value in others.items()})
        for name, value in files.items():
            path = tmp_path / "web" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        (tmp_path / "pages.c").unlink(missing_ok=True)
        monkeypatch.setattr(sys, "argv", ["compile-templates", "web", "--pages", "pages.c", "--assets", "bundle.c"])
        code = compiler().main()
        out = tmp_path / "pages.c"
        return code, capsys.readouterr().err.strip(), out.read_text(encoding="utf-8") if code == 0 else ""

    return compile_page


@pytest.mark.parametrize("text, expected", [
    ("<p>{{name}}</p>", "portal_put_text(w, m->name);"),
    ('<p title="{{name}}"></p>', "portal_put_text(w, m->name);"),
    ('<a href="{{link}}">x</a>', "portal_put_url(w, m->link);"),
    ('<a href="/x?a={{name}}">x</a>', "portal_put_query(w, m->name);"),
    ('<a href="/x/{{name}}">x</a>', "portal_put_query(w, m->name);"),
    ('<a href="?from={{number}}">x</a>', "wbuf_dec(w, m->number);"),
    ('<meta http-equiv="refresh" content="0; url={{link}}">', "portal_put_url(w, m->link);"),
    ("{{for row in rows}}<p>{{row.at}}</p>{{end}}", "const struct row *row = &m->rows[i_row];"),
    ("{{if bits has X}}<p>a</p>{{else}}<p>b</p>{{end}}", "if ((m->bits & X) != 0) {"),
    ("{{if kind is A or not is_new}}<p>a</p>{{end}}", "if ((m->kind == A) || (!(m->is_new))) {"),
    ('<p {{if is_new}}class="a"{{end}}>x</p>', "if (m->is_new) {"),
    ('<p class="a {{if is_new}}b{{end}}">x</p>', "if (m->is_new) {"),
    ("<p>{{kind}}</p>", "&quot;something&quot; &amp; more"),
    ("<p>\n\n   a   b  \n</p>", 'WBUF_LIT(w, "<p>\\na b\\n</p>");'),
    ("<!-- gone --><p>a</p>", 'WBUF_LIT(w, "<p>a</p>");'),
])
def test_a_place_has_its_escape(web, text, expected):
    code, said, made = web(text)
    assert (code, said) == (0, "") and expected in made


@pytest.mark.parametrize("text, why", [
    ("<script>{{name}}</script>", "a script in a page"),
    ('<script src="/a.js">x</script>', "<script> has to be empty"),
    ("<style>{{name}}</style>", "<style> may not be in a page"),
    ("<textarea>{{name}}</textarea>", "<textarea> has to be empty"),
    ('<p style="color: {{name}}">x</p>', "the attribute style may not be in a page"),
    ('<p onclick="{{name}}">x</p>', "the attribute onclick may not be in a page"),
    ('<iframe src="{{link}}"></iframe>', "<iframe> may not be in a page"),
    ("<p class={{name}}>x</p>", "double quotes"),
    ("<p class='{{name}}'>x</p>", "double quotes"),
    ("<p {{name}}>x</p>", "nothing may be put here"),
    ("<p data-{{name}}=\"a\">x</p>", "nothing may be put into the name of an attribute"),
    ("<{{name}}>x</p>", "begins no tag"),
    ("<h{{number}}>x</h1>", "nothing may be put into the name of a tag"),
    ("</{{name}}>", "begins no tag"),
    ("<p>x</p {{name}}>", "nothing may be put here"),
    ("<!-- {{name}} -->", "a comment does not end"),
    ('<a href="{{name}}">x</a>', "name is a text, which can't stand here (url)"),
    ('<a href="/{{link}}">x</a>', "link is a url, which can't stand here (query)"),
    ('<a href="javascript:{{name}}">x</a>', "an address is a path"),
    ('<a href="https://evil.example/">x</a>', "an address is a path"),
    ('<img src="//evil.example/x.png" alt="">', "an address is a path"),
    ('<a href="{{t:hello}}">x</a>', "a message is no address"),
    ('<a href="{{kind}}">x</a>', "which is no address"),
    ('<p title="{{asset:a.svg}}">x</p>', "an asset is the whole of an address"),
    ('<link href="{{asset:b.svg}}">', "there is no asset b.svg"),
    ('<meta name="x" content="{{name}}">', "nothing may be put here"),
    ("<p>{{nobody}}</p>", "there is no field nobody"),
    ("<p>{{row.at}}</p>", "row.at stands outside its loop"),
    ("<p>{{t:nothing}}</p>", "there is no message nothing"),
    ("<p>{{name | safe}}</p>", "no such directive"),
    ("{{if is_new}}<p>{{end}}x</p>", "what begins in here has to end in here"),
    ("{{if is_new}}<p>x</p>", "no end of"),
    ("<p>x</p>{{end}}", "end belongs to nothing"),
    ('<p title="{{if is_new}}"{{end}}>x</p>', "what begins in here has to end in here"),
    ("{{for row in name}}<p>x</p>{{end}}", "name is no list"),
    ("<p>x", "<p> is not closed"),
    ("<p>x</div>", "</div> closes nothing: <p> is open"),
    ("<p>a < b</p>", "write &lt;"),
    ('<p id="a" id="b">x</p>', "id is there twice"),
    ("{{include none.html}}", "there is no none.html"),
])
def test_no_safe_place_no_page(web, text, why):
    code, said, _ = web("<p>first</p>\n\n" + text)
    assert code == 1 and why in said
    assert re.match(r"web/page\.html:(3: |.* is not closed$)", said), said


def test_an_include_is_named_with_its_own_line(web):
    code, said, _ = web("{{include part.html title=lang}}", part_html="<p>{{t:$title}}</p>\n<p>{{name}\n<p {{name}}>\n")
    assert code == 1 and said.startswith("web/part.html:"), said


def test_an_include_takes_its_values(web):
    code, said, made = web("{{include parts/p.html key=lang width=narrow}}",
                           parts__p_html='<p class="$width">{{t:$key}} {{if $width is narrow}}a{{end}}</p>')
    assert (code, said) == (0, "") and '<p class=\\"narrow\\">' in made and "if (true)" in made


@pytest.mark.parametrize("others, why", [
    ({"messages_en": MESSAGES["en"].replace("hello = ", "other = ")}, "hello is missing in messages.en"),
    ({"messages_nl": MESSAGES["nl"] + "new = x\n"}, "new is missing in messages.en"),
    ({"messages_en": MESSAGES["en"].replace("{name}", "you")}, "hello has other values in messages.en"),
    ({"messages_nl": MESSAGES["nl"] + "new = x\n", "messages_en": MESSAGES["en"] + "new = x\n"}, "no page uses new"),
    ({"messages_nl": MESSAGES["nl"] + "lang = x\n"}, "web/messages.nl:6: lang is there twice"),
    ({"messages_nl": MESSAGES["nl"] + "nonsense\n"}, "web/messages.nl:6: a message is: key = text"),
    ({"assets__b_svg": "<svg/>"}, "no page uses this asset"),
    ({"assets__b_exe": "x"}, "an asset is one of"),
    ({"fields": FIELDS + "name text m->x\n"}, "name is there twice"),
    ({"fields": FIELDS + "x html m->x\n"}, "a field is: name type expression"),
    ({"fields": FIELDS + "x words none m->x\n"}, "no words none"),
])
def test_what_belongs_together_is_complete(web, others, why):
    code, said, _ = web("<p>x</p>", **others)
    assert code == 1 and why in said, said


def test_an_asset_is_named_by_its_content(web, tmp_path):
    web("<p>x</p>")
    first = re.findall(r"/assets/a\.[0-9a-f]{8}\.svg", (tmp_path / "bundle.c").read_text())
    web("<p>x</p>", assets__a_svg="<svg />")
    second = re.findall(r"/assets/a\.[0-9a-f]{8}\.svg", (tmp_path / "bundle.c").read_text())
    assert first and second and first != second
