"""A template as a tree, with the place in the HTML of everything that is put in: see compile-templates.

A place is "text", "attribute" (a value in double quotes), "url" (the whole of an attribute that holds an address) or
"query" (a part of one). Directives: {{name}}, {{t:key}}, {{asset:name}}, {{if ...}} {{else}} {{end}}, {{for x in list}},
{{include file key=value}}.
"""
import os
import re

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
RAW = {"script", "style", "textarea", "iframe", "noembed", "noframes", "xmp", "plaintext"}
REFUSED = {"style", "iframe", "object", "embed", "base", "xmp", "plaintext", "noembed", "noframes", "frame", "frameset", "applet",
           "animate", "set"}
URLS = {"href", "src", "action", "formaction", "cite", "data", "poster", "ping", "background", "longdesc", "manifest", "srcset",
        "xlink:href"}
NEVER = re.compile(r"^(on.*|style|srcdoc|http-equiv-)$")
DIRECTIVE = re.compile(r"\{\{(.*?)\}\}", re.S)
NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9:_-]*")
SILENT = re.compile(r"(if|for|include) |else$|end$")
REFRESH = re.compile(r"^\s*0;\s*url=$")


class Problem(Exception):
    """What is wrong, and where."""

    def __init__(self, path, line, text):
        super().__init__(f"{path}:{line}: {text}" if line else f"{path}: {text}")


def read_text(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise Problem(path, 0, "is not UTF-8") from error
    except OSError as error:
        raise Problem(path, 0, error.strerror) from error


def tokens(path, values=None, depth=0):
    """(is_directive, text, path, line) of a template, what it includes in the place of the include."""
    text, at, line = read_text(path), 0, 1
    if depth > 4:
        raise Problem(path, 0, "includes are nested too deeply")
    for match in DIRECTIVE.finditer(text):
        if match.start() > at:
            yield False, with_values(text[at:match.start()], values), path, line
        line += text.count("\n", at, match.start())
        inner = re.sub(r"\$(\w+)", lambda found, where=line: value_of(values, found.group(1), path, where), match.group(1).strip())
        if inner.startswith("include "):
            parts = inner.split()[1:]
            given = dict(part.split("=", 1) for part in parts[1:])
            if not os.path.exists(os.path.join(os.path.dirname(path), parts[0])):
                raise Problem(path, line, f"there is no {parts[0]}")
            yield from tokens(os.path.join(os.path.dirname(path), parts[0]), given, depth + 1)
        else:
            yield True, inner, path, line
        line += match.group(0).count("\n")
        at = match.end()
        if SILENT.match(inner) and text[:match.start()].endswith("\n") and text[at:at + 1] == "\n":
            at, line = at + 1, line + 1  # a line of its own leaves none behind
    if at < len(text):
        yield False, with_values(text[at:], values), path, line


def with_values(text, values):
    """Literal HTML of an included template, with what its includer gives."""
    return re.sub(r"\$(\w+)", lambda found: (values or {}).get(found.group(1), found.group(0)), text)


def value_of(values, name, path, line):
    if not values or name not in values:
        raise Problem(path, line, f"whoever includes this gives no {name}")
    return values[name]


class Html:
    """A tokenizer of the HTML that templates are written in, strict enough to know where a value stands."""

    def __init__(self):
        self.state, self.tag, self.attribute, self.value, self.open = "text", "", "", "", []
        self.closing, self.has_space, self.attributes = False, False, {}

    def snapshot(self):
        """What both ways through a branch have to agree on."""
        inside = (self.tag, self.closing) if self.state != "text" else None
        return (self.state, inside, self.attribute if self.state == "value" else None, tuple(self.open))

    def place(self):
        """Where a value would stand now; None: where no value may."""
        if self.state == "text":
            return "text"
        if self.state != "value":
            return None
        if self.attribute in URLS:
            return "query" if self.value else "url"
        if self.tag == "meta" and self.attribute == "content":
            return "url" if REFRESH.match(self.value) else None
        return "attribute"

    def put(self, what):
        """A value was put where the state stands."""
        if self.state == "value":
            self.value += "\0" + what

    def feed(self, text):
        """Takes literal HTML; returns it with white space trimmed. Raises ValueError (text, position)."""
        out, at = [], 0
        while at < len(text):
            step = getattr(self, "in_" + self.state)
            piece, at = step(text, at)
            out.append(piece)
        return "".join(out)

    def fail(self, at, why):
        raise ValueError(why, at)

    def in_text(self, text, at):
        end = text.find("<", at)
        if end < 0:
            end = len(text)
        if end > at:
            return self.trim(text[at:end]), end
        if text.startswith("<!--", at):
            end = text.find("-->", at)
            if end < 0:
                self.fail(at, "a comment does not end, or has something put into it")
            return "", end + 3
        if text[at:at + 9].lower() == "<!doctype":
            return text[at:text.index(">", at) + 1], text.index(">", at) + 1
        match = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)").match(text, at)
        if not match:
            self.fail(at, "a < that begins no tag: write &lt;")
        if match.end() == len(text):
            self.fail(at, "nothing may be put into the name of a tag")
        self.closing, self.tag, self.state, self.attributes = bool(match.group(1)), match.group(2).lower(), "tag", {}
        if self.tag in REFUSED:
            self.fail(at, f"<{self.tag}> may not be in a page")
        self.has_space = False
        return match.group(0), match.end()

    def trim(self, text):
        if {"pre", "textarea"} & set(self.open):
            return text
        return re.sub(r"\s+", lambda found: "\n" if "\n" in found.group(0) else " ", text)

    def in_tag(self, text, at):
        if text[at].isspace():
            self.has_space = True
            end = len(text) - len(text[at:].lstrip()) if text[at:].strip() else len(text)
            return " ", end
        if text[at] == ">" or text.startswith("/>", at):
            return self.end_tag(text, at)
        if self.closing:
            self.fail(at, "a closing tag has no attributes")
        match = NAME.match(text, at)
        if not match or not self.has_space:
            self.fail(at, "a space and the name of an attribute belong here")
        return self.begin_attribute(text, match)

    def begin_attribute(self, text, match):
        self.attribute = match.group(0).lower()
        self.has_space = False
        if NEVER.match(self.attribute):
            self.fail(match.start(), f"the attribute {self.attribute} may not be in a page")
        end = match.end()
        if text[end:end + 1] == "=":
            if text[end + 1:end + 2] != '"':
                self.fail(end, "an attribute's value stands in double quotes")
            self.state, self.value = "value", ""
            return match.group(0) + '="', end + 2
        if end == len(text):
            self.fail(match.start(), "nothing may be put into the name of an attribute")
        self.attributes[self.attribute] = ""
        return match.group(0), end

    def in_value(self, text, at):
        end = text.find('"', at)
        if end < 0:
            self.value += text[at:]
            self.check_url(at)
            return text[at:], len(text)
        self.value += text[at:end]
        self.check_url(at)
        if self.attribute in self.attributes:
            self.fail(at, f"{self.attribute} is there twice")
        self.attributes[self.attribute] = self.value
        self.state = "tag"
        return text[at:end + 1], end + 1

    def check_url(self, at):
        """Our pages name no other host: addresses are paths of the portal."""
        if self.attribute in URLS and not re.match(r"^(/(?!/)|#|\?|\0)", self.value):
            self.fail(at, "an address is a path, a query or a fragment")

    def end_tag(self, text, at):
        size = 1 if text[at] == ">" else 2
        self.state = "text"
        if self.closing:
            if not self.open or self.open[-1] != self.tag:
                self.fail(at, f"</{self.tag}> closes nothing" + (f": <{self.open[-1]}> is open" if self.open else ""))
            self.open.pop()
        elif self.tag == "script" and "src" not in self.attributes:
            self.fail(at, "a script in a page: it belongs into an asset")
        elif self.tag not in VOID and size == 1:
            self.open.append(self.tag)
        if self.tag in RAW and not self.closing and not re.compile(rf"</{self.tag}>", re.I).match(text, at + size):
            self.fail(at, f"<{self.tag}> has to be empty")
        return text[at:at + size], at + size


class Page:
    """A template as nodes: ("literal", text), ("put", name, place), ("message", key, place), ("asset", name),
    ("if", condition, yes, no), ("for", variable, list, body); all but literals end in (path, line)."""

    def __init__(self, path):
        self.html, self.list = Html(), list(tokens(path))
        self.at = 0
        self.nodes, stop = self.block()
        if stop:
            raise Problem(stop[2], stop[3], f"{stop[1]} belongs to nothing")
        if self.html.state != "text" or self.html.open:
            raise Problem(path, 0, f"<{(self.html.open or [self.html.tag])[-1]}> is not closed")

    def block(self):
        """(nodes, the directive that ended them, or None at the end)"""
        nodes = []
        while self.at < len(self.list):
            is_directive, text, path, line = token = self.list[self.at]
            self.at += 1
            if not is_directive:
                self.literal(nodes, token)
            elif text in ("end", "else"):
                return nodes, token
            elif re.match(r"(if|for) ", text):
                nodes.append(self.branch(text, path, line))
            else:
                nodes.append(self.value(text, path, line))
        return nodes, None

    def literal(self, nodes, token):
        _, text, path, line = token
        try:
            out = self.html.feed(text)
        except ValueError as error:
            raise Problem(path, line + text.count("\n", 0, error.args[1]), error.args[0]) from error
        if nodes and nodes[-1][0] == "literal":
            out = nodes.pop()[1] + out
        nodes.append(("literal", re.sub(r"\n[\n ]+", "\n", out) if self.html.state == "text" else out))

    def branch(self, text, path, line):
        if self.html.state not in ("text", "tag", "value"):
            raise Problem(path, line, "no directive may stand here")
        before, value = self.html.snapshot(), self.html.value
        if self.html.state == "tag" and not self.html.has_space:
            raise Problem(path, line, "a space belongs in front of this")
        body, stop = self.block()
        other = []
        self.same(before, path, line)
        if stop and stop[1] == "else":
            value, self.html.value = self.html.value, value
            other, stop = self.block()
            self.same(before, path, line)
        if not stop or stop[1] != "end":
            raise Problem(path, line, f"no end of: {text}")
        self.html.value = self.html.value or value
        if self.html.state == "tag":
            self.html.has_space = True
        if text.startswith("if "):
            return ("if", text[3:].strip(), body, other, (path, line))
        match = re.fullmatch(r"for (\w+) in (\w+)", text)
        if not match or other:
            raise Problem(path, line, "a loop is: for x in list")
        return ("for", match.group(1), match.group(2), body, (path, line))

    def same(self, before, path, line):
        """Both ways through a branch leave the HTML where it was; attributes in it count as seen."""
        if self.html.snapshot() != before:
            raise Problem(path, line, "what begins in here has to end in here, and what began outside has to end outside")

    def value(self, text, path, line):
        place = self.html.place()
        if place is None:
            raise Problem(path, line, "nothing may be put here: only into text and into attribute values in double quotes")
        self.html.put(text)
        if text.startswith("t:"):
            if place in ("url", "query"):
                raise Problem(path, line, "a message is no address")
            return ("message", text[2:], place, (path, line))
        if text.startswith("asset:"):
            if place != "url":
                raise Problem(path, line, "an asset is the whole of an address")
            return ("asset", text[6:], (path, line))
        if not re.fullmatch(r"[a-z_.0-9]+", text):
            raise Problem(path, line, f"no such directive: {text}")
        return ("put", text, place, (path, line))
