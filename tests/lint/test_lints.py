"""Each lint must catch what it is there for: a small tree per case, with one fault, or with none."""
import json
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
COMMENT = "/* A fixture. */\n"
HARDENED = ["-std=gnu2x", "-O2", "-fPIE", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong"]
LINK = ["-pie", "-Wl,-z,relro,-z,now,-z,noexecstack"]
PROGRAM = """#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	char line[64];
	ssize_t got = read(0, line, (size_t)argc * 8);
	snprintf(line, sizeof line, "%zd %s", got, argv[0]);
	return write(1, line, strlen(line)) < 0;
}
"""


class Tree:
    """A scratch project: files, and objects or programs compiled into build/."""

    def __init__(self, folder):
        self.folder, self.rows = str(folder), []
        os.makedirs(os.path.join(self.folder, "build"))
        os.makedirs(os.path.join(self.folder, "tools"))
        self.put("build/compile_commands.json", "[]")

    def put(self, path, text):
        whole = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as file:
            file.write(text)
        return whole

    def compile(self, path, text, flags=("-O1", "-fno-builtin")):
        """Compiles src/... into an object that check-banned and check-globals will look at."""
        source = self.put(path, text)
        made = path.replace("/", "_") + ".o"
        subprocess.run(["gcc", "-c", *flags, "-w", "-o", os.path.join(self.folder, "build", made), source], check=True)
        self.rows.append({"directory": os.path.join(self.folder, "build"), "file": "../" + path,
                          "output": made, "command": "gcc -c"})
        self.put("build/compile_commands.json", json.dumps(self.rows))

    def link(self, name, text, flags=(), links=()):
        """Builds build/<name> with the full hardening plus, or against, the given flags."""
        source = self.put(f"{name}.c", text)
        subprocess.run(["gcc", *HARDENED, *flags, "-w", "-o", os.path.join(self.folder, "build", name), source,
                        *LINK, *links], check=True)

    def lint(self, name, *arguments):
        """(exit code, what it said)"""
        ran = subprocess.run([os.path.join(ROOT, "tools", f"check-{name}"), "--root", self.folder, *arguments],
                             capture_output=True, text=True, check=False)
        assert ran.stderr == "", ran.stderr
        return ran.returncode, ran.stdout

    def clean(self, name, *arguments):
        code, said = self.lint(name, *arguments)
        assert code == 0, said

    def caught(self, name, *words):
        code, said = self.lint(name)
        assert code == 1, said
        for word in words:
            assert word in said, said


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


# ---- size ----------------------------------------------------------------------------------------
def body(statements):
    return COMMENT + "int f(int a)\n{\n" + statements + "\treturn a;\n}\n"


def test_size_accepts_a_small_function(tree):
    tree.put("src/base/a.c", body("\ta++;\n" * 60))
    tree.clean("size")


def test_size_catches_a_long_function(tree):
    tree.put("src/base/a.c", body("\ta++;\n" * 70))
    tree.caught("size", "src/base/a.c:2: f: 74 lines")


def test_size_catches_complexity(tree):
    tree.put("src/base/a.c", body("\tif (a == 3)\n\t\ta++;\n" * 16))
    tree.caught("size", "complexity 17")


def test_size_counts_a_switch_once(tree):
    cases = "".join(f"\tcase {n}:\n\t\treturn {n};\n" for n in range(25))
    tree.put("src/base/a.c", body("\tswitch (a) {\n" + cases + "\t}\n"))
    tree.clean("size")


def test_size_catches_parameters(tree):
    seven = "int f(int a, int b, int c, int (*d)(int, int), int e, int g, int h)"
    tree.put("src/base/a.c", COMMENT + seven + "\n{\n\treturn a;\n}\n")
    tree.caught("size", "7 parameters")


def test_size_catches_nesting_but_not_initialisers(tree):
    deep = "\tif (a) {\n" * 4 + "\ta++;\n" + "\t}\n" * 4
    tree.put("src/base/a.c", body(deep))
    tree.caught("size", "nested 4 deep")
    tree.put("src/base/a.c", body("\tint t[1][1][1][1] = { { { { 1 } } } };\n\ta += t[0][0][0][0];\n"))
    tree.clean("size")


def test_size_catches_a_long_file(tree):
    tree.put("src/base/a.h", COMMENT * 801)
    tree.caught("size", "801 lines")


def test_size_exception_needs_a_reason_and_may_only_shrink(tree):
    tree.put("src/base/a.c", body("\ta++;\n" * 70))
    tree.put("tools/size.allow", "src/base/a.c f lines  # one table, read from top to bottom\n")
    tree.clean("size")
    tree.put("tools/size.allow", "src/base/a.c f lines\n")
    tree.caught("size", "needs a reason")
    tree.put("tools/size.allow", "src/base/a.c f lines  # why\nsrc/base/b.c g lines  # gone\n")
    tree.caught("size", "no longer needed: src/base/b.c g lines")


# ---- layers --------------------------------------------------------------------------------------
@pytest.mark.parametrize("path,include,word", [
    ("src/base/a.c", '"proto/http1.h"', "base may not include proto/http1.h"),
    ("src/proto/a.c", '"sys/fd.h"', "proto may not include sys/fd.h"),
    ("src/proto/a.c", "<sys/socket.h>", "computes only"),
    ("src/route/a.c", '"conf/check.h"', "route may not include conf/check.h"),
    ("src/balance/a.c", '"ipc/frame.h"', "balance may not include ipc/frame.h"),
    ("src/role/edge/a.c", '"role/signer/keys.h"', "may not include another role"),
    ("src/tool/a.c", '"role/edge/edge.h"', "may not include another role"),
    ("src/tool/a.c", '"tls/tls.h"', "tool may not include tls/tls.h"),
    ("src/conf/a.c", '"image.h"', "say the folder"),
    ("src/other/a.c", '"base/view.h"', "not in the table"),
])
def test_layers_catches(tree, path, include, word):
    tree.put(path, COMMENT + f"#include {include}\n")
    tree.caught("layers", f"{path}:2:", word)


@pytest.mark.parametrize("path,include", [
    ("src/proto/a.c", '"base/view.h"'), ("src/route/a.c", '"conf/image.h"'),
    ("src/balance/a.c", '"ipc/pages.h"'), ("src/role/edge/a.c", '"role/edge/edge.h"'),
    ("src/role/edge/a.c", '"tls/tls.h"'), ("src/sys/a.c", "<sys/socket.h>"),
    ("src/proto/a.c", "<stdint.h>"),
])
def test_layers_accepts(tree, path, include):
    tree.put(path, COMMENT + f"/* #include \"role/signer/keys.h\" */\n#include {include}\n")
    tree.clean("layers")


# ---- headers -------------------------------------------------------------------------------------
def guarded(name, inside):
    return f"{COMMENT}#ifndef {name}\n#define {name}\n{inside}\n#endif\n"


def test_headers_catches_one_that_needs_another_first(tree):
    tree.put("src/base/a.h", guarded("BASE_A_H", "uint32_t a(void);"))
    tree.caught("headers", "src/base/a.h: does not compile alone")
    tree.put("src/base/a.h", guarded("BASE_A_H", "#include <stdint.h>\nuint32_t a(void);"))
    tree.clean("headers")


def test_headers_catches_a_circle(tree):
    tree.put("src/base/a.h", guarded("BASE_A_H", '#include "base/b.h"'))
    tree.put("src/base/b.h", guarded("BASE_B_H", '#include "base/a.h"'))
    tree.caught("headers", "includes itself: base/a.h -> base/b.h -> base/a.h")


def test_headers_catches_a_missing_and_a_shared_guard(tree):
    tree.put("src/base/a.h", COMMENT + "struct a;\n")
    tree.put("src/base/b.h", guarded("SAME_H", "struct b;"))
    tree.put("src/base/c.h", guarded("SAME_H", "struct c;"))
    tree.caught("headers", "src/base/a.h: has no include guard", "src/base/c.h: shares its include guard")


# ---- banned --------------------------------------------------------------------------------------
@pytest.mark.parametrize("text,word", [
    ("void f(char *a) { strcpy(a, a); }", "calls strcpy"),
    ("void f(char *a) { __builtin_memcpy(a, a, 1); memcpy(a, a, 2); }", "memcpy outside src/base"),
    ("/* TODO later */", "unfinished"),
    ("/* simplified */", "unfinished"),
    ("typedef struct a { int b; } a;", "typedef"),
])
def test_banned_catches_in_source(tree, text, word):
    tree.put("src/conf/a.c", COMMENT + text + "\n")
    tree.caught("banned", "src/conf/a.c:2", word)


def test_banned_catches_what_a_macro_hides(tree):
    tree.compile("src/conf/a.c", COMMENT + "#define S(n) s##n##f\nint S(print)(char *, const char *, ...);\n"
                 "int f(char *a) { return S(print)(a, \"x\"); }\n")
    tree.caught("banned", "src/conf/a.c: calls sprintf")


def test_banned_accepts_words_in_comments_and_memcpy_in_base(tree):
    tree.put("src/base/a.c", COMMENT + "void f(char *a) { memcpy(a, a, 2); }\n")
    tree.put("src/conf/a.c", COMMENT + "/* not strcpy( */\nconst char *f(void) { return \"system(1)\"; }\n")
    tree.clean("banned")


def test_banned_catches_a_missing_file_comment(tree):
    tree.put("src/base/a.c", "int a;\n")
    tree.caught("banned", "no file comment")


# ---- globals -------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["int counter;", "static int counter; int f(void) { return counter++; }",
                                  "int counter = 3;", "__thread int counter;"])
def test_globals_catches(tree, text):
    tree.compile("src/base/a.c", COMMENT + text + "\n", flags=("-O1", "-fPIE"))
    tree.caught("globals", "src/base/a.c: mutable file-scope state: counter")


def test_globals_accepts_constant_tables(tree):
    tree.compile("src/base/a.c", COMMENT + "int g(void);\nint (*const table[])(void) = { g, g };\nconst int x = 3;\n",
                 flags=("-O1", "-fPIE"))
    tree.clean("globals")


def test_globals_exception(tree):
    tree.compile("src/base/a.c", COMMENT + "int counter;\n")
    tree.put("tools/globals.allow", "src/base/a.c counter  # the log sink\n")
    tree.clean("globals")


# ---- imports -------------------------------------------------------------------------------------
def deny(tree, text="edge\tsocket|open(at)?\t# no way out (P4)\n*\tsystem\t# no shell\n"):
    tree.put("tools/imports.deny", text)


def test_imports_writes_and_keeps_the_list(tree):
    deny(tree)
    tree.link("sluis-edge", PROGRAM)
    tree.put("src/role/edge/main.c", COMMENT)
    tree.caught("imports", "is missing")
    tree.clean("imports", "--update")
    tree.clean("imports")
    with open(os.path.join(tree.folder, "src/role/edge/imports.allow"), encoding="utf-8") as file:
        assert "write" in file.read().split("\n")


def test_imports_catches_a_new_one_and_one_that_is_gone(tree):
    deny(tree)
    tree.link("sluis-edge", PROGRAM)
    tree.put("src/role/edge/main.c", COMMENT)
    tree.clean("imports", "--update")
    tree.link("sluis-edge", PROGRAM.replace("write(1", "dup2(1, 2) + write(1"))
    tree.caught("imports", "imports dup2, which is not in the list")
    tree.link("sluis-edge", "int main(void) { return 0; }\n")
    tree.caught("imports", "lists write, which sluis-edge no longer imports")


@pytest.mark.parametrize("call,name", [("socket(1, 2, 0)", "socket"), ("open(\"/\", 0)", "open"),
                                       ("openat(1, \"/\", 0)", "openat"), ("system(\"x\")", "system")])
def test_imports_denies_whatever_the_list_says(tree, call, name):
    deny(tree)
    tree.link("sluis-edge", PROGRAM.replace("write(1", f"{call} + write(1"))
    tree.put("src/role/edge/main.c", COMMENT)
    code, said = tree.lint("imports", "--update")
    assert code == 1 and f"imports {name}" in said, said


def test_imports_denies_for_the_named_role_only(tree):
    deny(tree)
    tree.link("sluis-dialer", PROGRAM.replace("write(1", "socket(1, 2, 0) + write(1"))
    tree.put("src/role/dialer/main.c", COMMENT)
    tree.clean("imports", "--update")


# ---- rfc -----------------------------------------------------------------------------------------
def test_rfc_catches_an_untested_citation(tree):
    tree.put("src/proto/a.c", "/* RFC 9112 §6.3 rule 3, RFC 9110 §5.5 and §5.6.2 */\n")
    tree.put("tests/unit/a_test.c", "/* RFC 9112 §6.3 */ /* RFC 9110 §5.6.2 */\n")
    tree.caught("rfc", "src/proto/a.c:1: RFC 9110 §5.5 is cited by no test")


def test_rfc_a_deeper_test_covers_and_a_shallower_does_not(tree):
    tree.put("src/proto/a.c", "/* RFC 9112 §6 */\n")
    tree.put("tests/unit/a_test.c", "/* RFC 9112 §6.3 */\n")
    tree.clean("rfc")
    tree.put("src/proto/a.c", "/* RFC 9112 §6.3.1 */\n")
    tree.caught("rfc", "§6.3.1")


def test_rfc_exception_may_only_shrink(tree):
    tree.put("src/proto/a.c", "/* RFC 9112 §6 */\n")
    tree.put("tools/rfc.untested", "RFC 9112 §6  # needs a socket\n")
    tree.clean("rfc")
    tree.put("tests/unit/a_test.c", "/* RFC 9112 §6 */\n")
    tree.caught("rfc", "no longer needed")


# ---- hardening -----------------------------------------------------------------------------------
def test_hardening_accepts_the_full_set(tree):
    tree.link("sluis-edge", PROGRAM)
    tree.clean("hardening")


@pytest.mark.parametrize("flags,links,word", [
    ((), ("-no-pie",), "not position independent"),
    ((), ("-Wl,-z,norelro",), "no RELRO"),
    ((), ("-Wl,-z,lazy",), "binds lazily"),
    ((), ("-Wl,-z,execstack",), "executable stack"),
    ((), ("-Wl,-rpath,/tmp",), "search path"),
    (("-fno-stack-protector",), (), "no stack protector"),
    (("-U_FORTIFY_SOURCE",), (), "no fortified call"),
])
def test_hardening_catches(tree, flags, links, word):
    extra = ("-fno-PIE",) if "-no-pie" in links else ()
    tree.link("sluis-edge", PROGRAM, flags=(*flags, *extra), links=links)
    tree.caught("hardening", word)


def test_hardening_catches_code_that_can_be_rewritten(tree):
    section = '__asm__(".section .patch,\\"awx\\"\\n.byte 195\\n.previous");\n'
    tree.link("sluis-edge", PROGRAM + section)
    tree.caught("hardening", "writable and executable")


# ---- format, spelling, shell, python ----------------------------------------------------------------
def test_format_catches(tree):
    tree.put(".clang-format", "BasedOnStyle: LLVM\n")
    tree.put("src/base/a.c", "int f( void ){return 1;}\n")
    tree.caught("format", "src/base/a.c: is not formatted")
    tree.put("src/base/a.c", "int f(void) { return 1; }\n")
    tree.clean("format")


def test_spelling_catches(tree):
    wrong = "rec" + "ieve"
    tree.put("src/base/a.c", f"/* to {wrong} */\n")
    tree.caught("spelling", "src/base/a.c:1:")
    tree.put("src/base/a.c", "/* to receive */\n")
    tree.clean("spelling")


# ---- fuzz ----------------------------------------------------------------------------------------
def fuzzed(tree):
    """A tree with one parser, one dispatcher and one form, each with its harness."""
    tree.put("src/proto/a.c", COMMENT + "int a(void);\n")
    tree.put("src/role/edge/b.c", COMMENT + "static const struct frame_def defs[] = { 0 };\n")
    tree.put("src/ipc/c.h", COMMENT + "WIRE_MESSAGE(c, C_FIELDS)\n")
    tree.put("tests/fuzz/meson.build", "  ['wire', 'wire', [base], []],\n")
    tree.put("tests/fuzz/fuzz_wire.c", COMMENT + "X(c, C_FIELDS)\nint LLVMFuzzerTestOneInput(void);\n")
    tree.put("tests/fuzz/corpus/wire/seed", "a")
    tree.put("docs/fuzzing.md", "| `src/proto/a.c` | wire |\n| `src/role/edge/b.c` | wire |\n")


def test_fuzz_accepts_what_has_a_harness(tree):
    fuzzed(tree)
    tree.clean("fuzz")


@pytest.mark.parametrize("path,text,word", [
    ("src/proto/new.c", "int b(void);", "no row for src/proto/new.c"),
    ("src/ipc/new.c", "int b(void);", "no row for src/ipc/new.c"),
    ("src/tool/new.c", "enum err b(int fd) { return frame_receive(fd, 0, 0); }", "no row for src/tool/new.c"),
    ("src/role/edge/new.c", "const struct frame_def new_defs[] = { 0 };", "no row for src/role/edge/new.c"),
    ("src/ipc/new.h", "WIRE_MESSAGE(new, NEW_FIELDS)", "the form new is not in"),
    ("tests/fuzz/fuzz_new.c", "int LLVMFuzzerTestOneInput(void);", "is built by nobody"),
    ("tests/fuzz/meson.build", "  ['wire', 'wire', [base], []],\n  ['new', 'new', [base], []],\n", "no row names the harness new"),
    ("tests/fuzz/meson.build", "  ['wire', 'wire', [base], []],\n  ['new', 'new', [base], []],\n", "new has no corpus"),
    ("tests/fuzz/corpus/other/seed", "a", "a corpus of no harness"),
    ("tests/fuzz/corpus/wire/large", "a" * (65 << 10), "at most 65536"),
    ("docs/fuzzing.md", "| `src/proto/a.c` | wire |\n| `src/role/edge/b.c` | none |\n", "none, which is no harness"),
    ("docs/fuzzing.md", "| `src/proto/a.c` | wire |\n| `src/role/edge/b.c` | wire |\n| `src/gone.c` | wire |\n", "which is not there"),
])
def test_fuzz_catches(tree, path, text, word):
    fuzzed(tree)
    tree.put(path, (COMMENT if path.endswith((".c", ".h")) else "") + text)
    tree.caught("fuzz", word)


def test_fuzz_catches_corpora_that_grow(tree):
    fuzzed(tree)
    for number in range(33):
        tree.put(f"tests/fuzz/corpus/wire/{number}", "a" * (64 << 10))
    tree.caught("fuzz", "bytes in all")


# ---- unused --------------------------------------------------------------------------------------
def test_unused_catches(tree):
    tree.compile("src/base/a.c", COMMENT + "int a_used(void) { return 1; }\nint a_dead(void) { return 2; }\n")
    tree.compile("src/base/b.c", COMMENT + "int a_used(void);\nint main(void) { return a_used(); }\n")
    tree.put("src/base/a.h", "int a_used(void);\nint a_gone(int x);\n")
    tree.caught("unused", "src/base/a.c: used by no other file: a_dead", "src/base/a.h:2: declared, and defined nowhere: a_gone")
    assert "a_used" not in tree.lint("unused")[1]
    tree.put("src/base/a.h", "int a_used(void);\n")
    tree.put("tools/unused.allow", "src/base/a.c a_dead  # a reason\n")
    tree.clean("unused")


def test_unused_accepts_what_tests_look_at_and_its_file_uses(tree):
    tree.compile("src/base/a.c", COMMENT + "int a_inner(void) { return 1; }\nint main(void) { return a_inner(); }\n")
    tree.caught("unused", "a_inner")
    tree.put("tests/unit/base/a_test.c", "int x(void) { return a_inner(); }\n")
    tree.clean("unused")


def test_shell_catches(tree):
    tree.put("tools/x", "#!/bin/sh\nrm $1\n")
    tree.caught("shell", "tools/x:2:")
    tree.put("tools/x", '#!/bin/sh\nrm "$1"\n')
    tree.clean("shell")


def test_python_catches(tree):
    tree.put("tools/x.py", '"""Doc."""\nimport requests\n')
    tree.caught("python", "tools/x.py:2: imports requests")
    tree.put("tools/x.py", '"""Doc."""\nimport os\nprint(os)\n' + "a = 1  # " + "x" * 140 + "\n")
    tree.caught("python", "tools/x.py:4:")
    tree.put("tools/x.py", "import os\n")
    tree.caught("python", "no docstring")


# ---- the slow ones -----------------------------------------------------------------------------------
@pytest.mark.skipif(subprocess.run(["which", "cppcheck"], capture_output=True, check=False).returncode != 0,
                    reason="cppcheck comes with make lint")
def test_cppcheck_catches(tree):
    tree.put("src/base/a.c", "int f(void)\n{\n\tint a[2];\n\ta[2] = 1;\n\treturn a[2];\n}\n")
    tree.caught("cppcheck", "src/base/a.c:4:")
    tree.put("src/base/a.c", "int f(int b)\n{\n\treturn b + 1;\n}\n")
    tree.clean("cppcheck")


@pytest.mark.skipif(subprocess.run(["which", "clang-tidy-14"], capture_output=True, check=False).returncode != 0,
                    reason="clang-tidy comes with make lint")
def test_tidy_catches(tree):
    with open(os.path.join(ROOT, ".clang-tidy"), encoding="utf-8") as file:
        tree.put(".clang-tidy", file.read())
    tree.compile("src/base/a.c", "int f(int a)\n{\n\tif (a == 1 || a == 1)\n\t\treturn 1;\n\treturn 0;\n}\n")
    tree.caught("tidy", "src/base/a.c:3:")
