"""C out of a template's nodes: see compile-templates."""
import re

from template_html import Problem

# type -> place -> function. What is not here can't stand there.
PUT = {
    "text": {"text": "portal_put_text", "attribute": "portal_put_text", "query": "portal_put_query"},
    "url": {"url": "portal_put_url"},
    "number": {"text": "wbuf_dec", "attribute": "wbuf_dec", "query": "wbuf_dec"},
    "base64url": {"text": "base64url_put", "attribute": "base64url_put", "query": "base64url_put"},
    "credentials": {"attribute": "portal_put_credentials"},
    "qr": {"text": "portal_put_qr"},
    "groups": {"text": "portal_put_groups", "attribute": "portal_put_groups"},
    "ip": {"text": "ip_put", "attribute": "ip_put"},
}
TRUE = {"text": "{0}.n > 0", "url": "{0}.n > 0", "base64url": "{0}.n > 0", "credentials": "{0}.n > 0", "qr": "{0}.n > 0",
        "number": "{0} != 0", "flag": "{0}", "groups": "{0}.n > 0", "bits": "{0} != 0", "lines": "{0}.n > 0"}
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}


def c_string(text):
    made = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{made}"'


def escape(text):
    return re.sub("[&<>\"']", lambda found: ESCAPES[found.group(0)], text)


class Emitter:
    """Writes the body of one page's function."""

    def __init__(self, fields, messages, assets, languages):
        self.fields, self.messages, self.assets, self.languages = fields, messages, assets, languages
        self.scope, self.depth = set(), 0

    def body(self, nodes, indent=1):
        return "".join(self.node(node, indent) for node in nodes)

    def node(self, node, indent):
        return getattr(self, "on_" + node[0])(node, "\t" * indent, indent)

    def field(self, name, place):
        """The row of a field that may be named here."""
        row = self.fields.fields.get(name)
        if row is None:
            raise Problem(*place, f"there is no field {name}")
        owner = name.split(".")[0] if "." in name else None
        if owner and owner not in self.scope:
            raise Problem(*place, f"{name} stands outside its loop")
        return row

    def on_literal(self, node, tabs, _):
        return f"{tabs}WBUF_LIT(w, {c_string(node[1])});\n" if node[1] else ""

    def on_put(self, node, tabs, indent):
        _, name, place, where = node
        row = self.field(name, where)
        if row["type"] == "words":
            return self.put_words(row, place, where, indent)
        function = PUT.get(row["type"], {}).get(place)
        if function is None:
            raise Problem(*where, f"{name} is a {row['type']}, which can't stand here ({place})")
        return f"{tabs}{function}(w, {' '.join(row['args'])});\n"

    def put_words(self, row, place, where, indent):
        """A value that stands for one of several messages."""
        if place not in ("text", "attribute"):
            raise Problem(*where, f"{row['name']} is a message, which is no address")
        tabs, prefix, expression = "\t" * indent, row["args"][0], row["args"][1]
        number = row["args"][2][2:] if len(row["args"]) > 2 else None
        out = f"{tabs}switch ({expression}) {{\n"
        for constant, key in self.fields.words[prefix]:
            label = "default:" if constant == "default" else f"case {constant}:"
            out += f"{tabs}{label}\n" + self.say(f"{prefix}.{key}", place, where, indent + 1, number) + f"{tabs}\tbreak;\n"
        if not any(constant == "default" for constant, _ in self.fields.words[prefix]):
            out += f"{tabs}default:\n{tabs}\tbreak;\n"
        return out + f"{tabs}}}\n"

    def on_message(self, node, _, indent):
        return self.say(node[1], node[2], node[3], indent)

    def say(self, key, place, where, indent, number=None):
        texts = self.messages.get(key)
        if texts is None:
            raise Problem(*where, f"there is no message {key}")
        tabs = "\t" * indent
        if len(set(texts)) == 1:
            return self.sentence(texts[0], place, where, indent, number)
        out = ""
        for at, text in enumerate(texts):
            last = at == len(texts) - 1
            head = "else" if last else f"if (m->language == PORTAL_{self.languages[at].upper()})"
            out += f"{tabs}{head} {{\n" + self.sentence(text, place, where, indent + 1, number) + f"{tabs}}}\n"
        return out

    def sentence(self, text, place, where, indent, number):
        out = ""
        for at, part in enumerate(re.split(r"\{([^}]*)\}", text)):
            if at % 2 == 0:
                out += self.on_literal(("literal", escape(part)), "\t" * indent, indent)
            elif part == "n" and number:
                out += "\t" * indent + f"wbuf_dec(w, {number});\n"
            else:
                out += self.on_put(("put", part, place, where), "\t" * indent, indent)
        return out

    def on_asset(self, node, tabs, _):
        row = self.assets.get(node[1])
        if row is None:
            raise Problem(*node[2], f"there is no asset {node[1]}")
        return f"{tabs}WBUF_LIT(w, {c_string(row['path'])});\n"

    def on_if(self, node, tabs, indent):
        _, text, yes, no, where = node
        out = f"{tabs}if ({self.condition(text, where)}) {{\n{self.body(yes, indent + 1)}{tabs}}}\n"
        if no:
            out = out[:-1] + f" else {{\n{self.body(no, indent + 1)}{tabs}}}\n"
        return out

    def condition(self, text, where):
        for word, operator in ((" and ", " && "), (" or ", " || ")):
            if word in text:
                return operator.join(f"({self.condition(part, where)})" for part in text.split(word))
        if text.startswith("not "):
            return f"!({self.condition(text[4:], where)})"
        match = re.fullmatch(r"([a-z]+) is ([a-z]+)", text)
        if match:  # of an include's values
            return "true" if match.group(1) == match.group(2) else "false"
        match = re.fullmatch(r"([a-z_.0-9]+)(?: (is|has) ([A-Z_0-9]+))?", text)
        if not match:
            raise Problem(*where, f"not a condition: {text}")
        name, verb, constant = match.groups()
        row = self.field(name, where)
        expression = row["args"][1 if row["type"] == "words" else 0]
        if verb == "is":
            return f"{expression} == {constant}"
        if verb == "has":
            return f"({expression} & {constant}) != 0"
        if row["type"] == "list":
            return f"{row['args'][-1]} > 0"
        if row["type"] == "words":
            return f"{expression} != 0"
        return TRUE[row["type"]].format(expression)

    def on_for(self, node, tabs, indent):
        _, variable, name, body, where = node
        row = self.field(name, where)
        if variable in self.scope or row["type"] not in ("list", "lines"):
            raise Problem(*where, f"{name} is no list" if row["type"] not in ("list", "lines") else f"{variable} is used already")
        self.scope.add(variable)
        inner = self.body(body, indent + 1)
        self.scope.discard(variable)
        if row["type"] == "lines":
            return (f"{tabs}for (struct view rest = {row['args'][0]}, {variable} = {{ 0 }}; portal_put_next_line(&rest, &{variable});) {{\n"
                    f"{inner}{tabs}}}\n")
        kind, items, count = " ".join(row["args"][:-2]), row["args"][-2], row["args"][-1]
        return (f"{tabs}for (size_t i_{variable} = 0; i_{variable} < {count}; i_{variable}++) {{\n"
                f"{tabs}\tconst {kind} *{variable} = &{items}[i_{variable}];\n\n{inner}{tabs}}}\n")
