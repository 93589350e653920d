"""Writes the YAML that a person would: block style, plain words where they are safe, quotes elsewhere."""
import json
import re

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./-]*")
_TYPED = re.compile(r"(?i)(true|false|null|yes|no|on|off|~|[\d.][\d._]*(e[+-]?\d+)?|0x[\da-f]+)")


def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if _PLAIN.fullmatch(value) and not _TYPED.fullmatch(value):
        return value
    return json.dumps(value)


def _lines(value, indent):
    pad = "  " * indent
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, (dict, list)) and inner:
                yield f"{pad}{scalar(key)}:"
                yield from _lines(inner, indent + 1)
            else:
                yield f"{pad}{scalar(key)}: {'{}' if inner == {} else '[]' if inner == [] else scalar(inner)}"
        return
    for inner in value:
        if isinstance(inner, (dict, list)) and inner:
            block = list(_lines(inner, indent + 1))
            yield f"{pad}- {block[0].lstrip()}"
            yield from block[1:]
        else:
            yield f"{pad}- {'{}' if inner == {} else '[]' if inner == [] else scalar(inner)}"


def dump(value):
    return "\n".join(_lines(value, 0)) + "\n"
