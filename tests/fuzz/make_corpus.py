#!/usr/bin/env python3
"""Writes the seed inputs of the fuzz harnesses of src/proto and src/base into tests/fuzz/corpus/.

Run it after adding a seed; files that are there stay, so inputs that a fuzzer found and somebody
kept are not lost.
"""
import base64
import os
import struct

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
BROWSER = (b"GET /shop/list?page=2&order=price HTTP/1.1\r\nHost: www.example.nl\r\nConnection: keep-alive\r\n"
           b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0\r\n"
           b"Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Language: nl,en;q=0.5\r\n"
           b"Accept-Encoding: gzip, deflate, br\r\nCookie: a=b; c=d\r\nUpgrade-Insecure-Requests: 1\r\n\r\n")


def lines(start, *fields):
    return start + b"".join(f + b"\r\n" for f in fields) + b"\r\n"


REQUESTS = {
    "browser": BROWSER,
    "smallest": lines(GET),
    "version_1_0": b"GET / HTTP/1.0\r\n\r\n",
    "version_1_0_keep_alive": b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "version_2": b"GET / HTTP/2.0\r\n\r\n",
    "pipelined": lines(GET) + lines(POST, b"Content-Length: 0"),
    "length": lines(POST, b"Content-Length: 5") + b"hello",
    "length_twice": lines(POST, b"Content-Length: 5", b"Content-Length: 5"),
    "length_list": lines(POST, b"Content-Length: 5, 5"),
    "length_plus": lines(POST, b"Content-Length: +5"),
    "length_hex": lines(POST, b"Content-Length: 0x5"),
    "length_long": lines(POST, b"Content-Length: 99999999999999999999"),
    "length_alias": lines(POST, b"Content_Length: 5"),
    "chunked": lines(POST, b"Transfer-Encoding: Chunked") + b"0\r\n\r\n",
    "chunked_in_1_0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunked_and_length": lines(POST, b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "length_and_chunked": lines(POST, b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "coding_list": lines(POST, b"Transfer-Encoding: gzip;q=\"a,b\", chunked"),
    "coding_twice": lines(POST, b"Transfer-Encoding: chunked", b"transfer-encoding: identity"),
    "coding_tab": lines(POST, b"Transfer-Encoding:\tchunked\t"),
    "coding_vertical_tab": lines(POST, b"Transfer-Encoding: \x0bchunked"),
    "host_twice": lines(GET, b"Host: b"),
    "host_empty": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "host_list": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "host_none": b"GET / HTTP/1.1\r\nX: y\r\n\r\n",
    "bare_lf": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare_lf_field": GET + b"X: y\n\r\n",
    "bare_cr": GET + b"X: y\rZ: a\r\n\r\n",
    "nul": GET + b"X: y\0z\r\n\r\n",
    "folding": GET + b"X: y\r\n z\r\n\r\n",
    "space_before_colon": GET + b"X : y\r\n\r\n",
    "empty_name": GET + b": y\r\n\r\n",
    "no_colon": GET + b"X\r\n\r\n",
    "simple": b"GET /\r\n",
    "two_spaces": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute": b"GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "connect": b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    "expect": lines(POST, b"Expect: 100-continue", b"Content-Length: 1"),
    "expect_other": lines(POST, b"Expect: tea"),
    "upgrade": lines(GET, b"Upgrade: websocket", b"Connection: keep-alive, Upgrade"),
    "nominations": lines(GET, b"Connection: close, X-A, te", b"TE: trailers"),
    "nominates_length": lines(POST, b"Connection: content-length", b"Content-Length: 3"),
    "trust": lines(GET, b"X-Forwarded-For: 192.0.2.1", b"x_real_ip: ::1", b"Forwarded: for=a"),
    "long_names": lines(GET, b"X-A-Name-Longer-Than-Two-Vectors-Of-Bytes: y", b"_!#$%&'*+-.^`|~: z"),
    "obs_text": lines(GET, b"X: \x80\xff\t~"),
    "many_fields": lines(GET, *[b"X: y"] * 199),
    "too_many_fields": lines(GET, *[b"X: y"] * 200),
    "long_value": lines(GET, b"X: " + b"y" * 3000),
    "client_hello": bytes.fromhex("160301020001"),
    "http2_preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}

OK = b"HTTP/1.1 200 OK\r\n"

RESPONSES = {
    "length": lines(OK, b"Server: x", b"Date: Fri, 02 Jan 2026 03:04:05 GMT", b"Content-Length: 5") + b"hello",
    "chunked": lines(OK, b"Transfer-Encoding: chunked"),
    "until_close": lines(OK),
    "no_reason": b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
    "no_space": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "reason_obs_text": b"HTTP/1.1 200 \xe9\t\r\n\r\n",
    "reason_control": b"HTTP/1.1 200 O\x07K\r\n\r\n",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n",
    "early_hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "switching": b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "switching_chunked": b"HTTP/1.1 101 x\r\nTransfer-Encoding: chunked\r\n\r\n",
    "no_content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "no_content_length": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    "no_content_zero": b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    "not_modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n",
    "version_1_0": b"HTTP/1.0 200 OK\r\n\r\n",
    "version_1_0_chunked": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "version_1_0_keep_alive": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    "version_2": b"HTTP/2 200\r\n\r\n",
    "icy": b"ICY 200 OK\r\n\r\n",
    "chunked_and_length": lines(OK, b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "length_twice": lines(OK, b"Content-Length: 5", b"Content-Length: 5"),
    "coding_other": lines(OK, b"Transfer-Encoding: gzip, chunked"),
    "close": lines(OK, b"Connection: close", b"Content-Length: 1"),
    "folding": OK + b"X: y\r\n z\r\n\r\n",
    "bare_lf": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "status_099": b"HTTP/1.1 099 x\r\n\r\n",
    "status_600": b"HTTP/1.1 600 x\r\n\r\n",
    "status_2000": b"HTTP/1.1 2000 x\r\n\r\n",
    "set_cookies": lines(OK, b"Set-Cookie: a=b", b"Set-Cookie: c=d", b"Content-Length: 0"),
}

CHUNKED = {
    "nothing": b"0\r\n\r\n",
    "one": b"5\r\nhello\r\n0\r\n\r\n",
    "two": b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    "upper_case": b"1A\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n",
    "zeros": b"0000005\r\nhello\r\n0000\r\n\r\n",
    "digits_15": b"000000000000005\r\nhello\r\n0\r\n\r\n",
    "digits_16": b"0000000000000005\r\nhello\r\n0\r\n\r\n",
    "overflow": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "largest": b"fffffffffffffff\r\nhello",
    "minus": b"-5\r\nhello\r\n0\r\n\r\n",
    "hex_prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "space_after": b"5 \r\nhello\r\n0\r\n\r\n",
    "extension": b"5;a=b\r\nhello\r\n0;c\r\n\r\n",
    "extension_quoted": b"5;a=\"b;c\\\"\"\r\nhello\r\n0\r\n\r\n",
    "extension_space": b"5 ;a\r\nhello\r\n0\r\n\r\n",
    "extension_lf": b"5;a\nhello\r\n0\r\n\r\n",
    "extension_cr": b"5;a=\"\rb\"\r\nhello\r\n0\r\n\r\n",
    "extension_long": b"5;" + b"a" * 1023 + b"\r\nhello\r\n0\r\n\r\n",
    "extension_too_long": b"5;" + b"a" * 1024 + b"\r\nhello\r\n0\r\n\r\n",
    "extensions_many": b"1;aaaaaaa\r\nx\r\n" * 130 + b"0\r\n\r\n",
    "bare_lf_size": b"5\nhello\r\n0\r\n\r\n",
    "bare_lf_data": b"5\r\nhello\n0\r\n\r\n",
    "too_much_data": b"4\r\nhello\r\n0\r\n\r\n",
    "trailer": b"0\r\nX-Sum: abc\r\n\r\n",
    "trailers": b"0\r\ngrpc-status: 0\r\ngrpc-message:\r\n\r\nGET / HTTP/1.1\r\n",
    "trailer_length": b"0\r\nContent-Length: 5\r\n\r\n",
    "trailer_alias": b"0\r\nTransfer_Encoding: chunked\r\n\r\n",
    "trailer_trust": b"0\r\nX-Forwarded-For: ::1\r\n\r\n",
    "trailer_folding": b"0\r\nX: y\r\n z\r\n\r\n",
    "trailer_long": b"0\r\nX: " + b"y" * 8185 + b"\r\n\r\n",
    "trailer_too_long": b"0\r\nX: " + b"y" * 8186 + b"\r\n\r\n",
    "smuggled": b"0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n",
}

URIS = {
    name: value.encode("latin-1") for name, value in {
        "root": "/", "asterisk": "*", "plain": "/a/b/c.html", "query": "/a?b=c&d=/../e", "empty_query": "/?",
        "dot": "/a/./b", "dots": "/a/b/../c", "dots_end": "/a/..", "dots_root": "/..", "dots_deep": "/a/../../b",
        "dots_hidden": "/a/%2e%2E/b", "dots_parameter": "/a/..;/b", "dots_escaped_parameter": "/a/..%3b/b",
        "dots_three": "/.../a", "dots_bracket": "/..[", "slashes": "//a///b//", "slashes_dots": "/a//../b", "escaped_slash": "/a%2fb",
        "escaped_backslash": "/a%5cb", "backslash": "/a\\b", "nul": "/a%00", "newline": "/a%0d%0a", "del": "/%7f",
        "double": "/%252e%252e/", "lower_case": "/%c3%a9", "canonical": "/%C3%A9", "unreserved": "/%41%7e",
        "broken": "/%4", "broken_digit": "/%zz", "delimiters": "/a;b=c,d:e@f!$&'()*+", "brackets": "/[a]{b}<c>\"d\"^`|",
        "fragment": "/a#b", "fragment_query": "/a?b#c", "space": "/a b", "obs_text": "/\xe9", "host": "www.Example.nl",
        "host_port": "a:443", "host_dot": "a.nl.", "host_ip": "192.0.2.1:80", "host_ip6": "[2001:DB8::1]:443",
        "host_scope": "[fe80::1%25eth0]", "host_userinfo": "u:p@a", "host_list": "a,b", "host_port_large": "a:65536",
        "host_long_label": "a" * 64 + ".nl", "host_long": ("a" * 49 + ".") * 5 + "abc",
        "absolute": "http://a/b?c", "absolute_https": "HTTPS://a", "absolute_query": "http://a?b", "absolute_empty": "http:///a",
        "most_escapes": "/" + "|" * 50,
    }.items()
}

PAD = b" " * 64
SERVER = b"TLS 1.3, server CertificateVerify"
CLIENT = b"TLS 1.3, client CertificateVerify"
RANDOMS = bytes(range(64))


def exchange(group, point, kind=3):
    return RANDOMS + bytes([kind]) + group.to_bytes(2, "big") + bytes([len(point)]) + point


SIGNED = {
    "server_32": PAD + SERVER + b"\0" + bytes(32),
    "server_48": PAD + SERVER + b"\0" + bytes(48),
    "client_32": PAD + CLIENT + b"\0" + bytes(32),
    "client_48": PAD + CLIENT + b"\0" + bytes(48),
    "hash_20": PAD + SERVER + b"\0" + bytes(20),
    "hash_64": PAD + SERVER + b"\0" + bytes(64),
    "hash_none": PAD + SERVER + b"\0",
    "pad_short": PAD[1:] + SERVER + b"\0" + bytes(32),
    "pad_other": PAD[1:] + b"\t" + SERVER + b"\0" + bytes(32),
    "no_zero": PAD + SERVER + bytes([1]) + bytes(32),
    "context_other": PAD + b"TLS 1.3, server Certificateverify" + b"\0" + bytes(32),
    "context_short": PAD + b"TLS 1.3" + b"\0" + bytes(32),
    "p256": exchange(23, b"\x04" + bytes(64)),
    "p384": exchange(24, b"\x04" + bytes(96)),
    "p521": exchange(25, b"\x04" + bytes(132)),
    "x25519": exchange(29, bytes(32)),
    "x448": exchange(30, bytes(56)),
    "p256_compressed": exchange(23, b"\x02" + bytes(32)),
    "p256_long": exchange(23, b"\x04" + bytes(65)),
    "p256_tail": exchange(23, b"\x04" + bytes(64)) + b"\0",
    "p256_cut": exchange(23, b"\x04" + bytes(64))[:-1],
    "explicit_prime": exchange(23, b"\x04" + bytes(64), kind=1),
    "group_other": exchange(26, b"\x04" + bytes(64)),
    "ffdhe": RANDOMS + (256).to_bytes(2, "big") + bytes(256),
    "digest_info": bytes.fromhex("3031300d060960864801650304020105000420") + bytes(32),
    "spaces_as_randoms": PAD + b"\x03\x00\x17\x41\x04" + bytes(64),
    "empty": b"",
}

IPS = {
    name: value.encode() for name, value in {
        "v4": "192.0.2.1", "v4_zero": "0.0.0.0", "v4_ones": "255.255.255.255", "v4_octal": "010.0.0.1",
        "v4_large": "256.0.0.1", "v4_short": "1.2.3", "v4_long": "1.2.3.4.5", "v4_hex": "0x7f.0.0.1", "any": "::",
        "loopback": "::1", "gap_middle": "2001:db8::1:0:0:1", "gap_end": "1::", "gap_one": "1:2:3:0:5:6:7:8",
        "full": "1:2:3:4:5:6:7:8", "gap_full": "1:2:3:4:5:6:7::", "nine": "1:2:3:4:5:6:7:8:9", "two_gaps": "1::2::3",
        "three_colons": ":::", "mapped": "::ffff:192.0.2.1", "embedded": "64:ff9b::192.0.2.33",
        "embedded_front": "1.2.3.4::1", "embedded_middle": "1:1.2.3.4:1::", "scope": "fe80::1%eth0",
        "bracket": "[::1]", "net_8": "10.0.0.0/8", "net_host_bits": "10.0.0.1/8", "net_0": "0.0.0.0/0",
        "net_33": "10.0.0.0/33", "net_128": "2001:db8::1/128", "net_129": "::/129", "net_empty": "::/",
        "value_16": "0123456789abcdef",
    }.items()
}
IPS["value_mapped"] = bytes(10) + b"\xff\xff\xc0\x00\x02\x01"
IPS["value_gaps"] = b"\x20\x01" + bytes(4) + b"\x00\x01" + bytes(6) + b"\x00\x01"

SITE = b"""listeners: [{name: l, address: "127.0.0.1:80", protocol: http}]
backends: [{name: web, servers: ["127.0.0.1:1", {name: b, address: "127.0.0.1:2"}]}, {name: old, servers: ["127.0.0.1:3"]}]
routes: [{name: all, hosts: ["*"], backend: web, rules: [{name: x, match: {path_exact: /x}, respond: {status: 403}}]}]
"""
ADD_C = b"- {at: [backends, web, servers, c], do: add, with: {address: '127.0.0.1:4', weight: 2}}\n"
SET_B = b"- {at: [backends, web, servers, b], do: set, with: {weight: 5}}\n"
OVERLAYS = {
    "nothing": b"\0".join([SITE, b"", b""]),
    "set": b"\0".join([SITE, b"", SET_B]),
    "set_again": b"\0".join([SITE, SET_B, SET_B.replace(b"5", b"6")]),
    "set_default": b"\0".join([SITE, SET_B, SET_B.replace(b"5", b"1")]),
    "set_plain": b"\0".join([SITE, b"", b"- {at: [backends, web, servers, '127.0.0.1:1'], do: set, with: {weight: 3}}\n"]),
    "add": b"\0".join([SITE, b"", ADD_C]),
    "add_before": b"\0".join([SITE, SET_B, ADD_C.replace(b", with", b", before: b, with")]),
    "add_twice": b"\0".join([SITE, ADD_C, ADD_C]),
    "add_set_remove": b"\0".join([
        SITE, ADD_C, SET_B.replace(b"s, b]", b"s, c]") + b"- {at: [backends, web, servers, c], do: remove}\n"]),
    "remove": b"\0".join([SITE, b"", b"- {at: [backends, old], do: remove}\n"]),
    "remove_used": b"\0".join([SITE, b"", b"- {at: [backends, web], do: remove}\n"]),
    "remove_add": b"\0".join([SITE, b"- {at: [backends, old], do: remove}\n",
                              b"- {at: [backends, old], do: add, with: {servers: ['127.0.0.1:9']}}\n"]),
    "list_anew": b"\0".join([SITE, SET_B + ADD_C, b"- {at: [backends, web], do: set, with: {servers: ['127.0.0.1:7']}}\n"]),
    "dotted": b"\0".join([SITE, b"", b"- {at: [backends, web], do: set, with: {health.path: /h, health.interval: 3s}}\n"]),
    "dotted_over": b"\0".join([SITE, b"- {at: [backends, web], do: set, with: {health: {path: /h}}}\n",
                               b"- {at: [backends, web], do: set, with: {health.path: /i}}\n"]),
    "rule": b"\0".join([SITE, b"", b"- {at: [routes, all, rules, x], do: set, with: {respond.status: 404}}\n"]),
    "drop_all": b"\0".join([SITE, SET_B + ADD_C, b"- {at: [], do: drop}\n"]),
    "drop_none": b"\0".join([SITE, b"", b"- {at: [backends, web], do: drop}\n"]),
    "missing": b"\0".join([SITE, b"", SET_B.replace(b"s, b]", b"s, z]")]),
    "odd_place": b"\0".join([SITE, b"", SET_B.replace(b"servers, b]", b"servers]")]),
    "no_list": b"\0".join([SITE, b"", b"at: [backends]\n"]),
    "not_yaml": b"\0".join([SITE, b"", b"- {at: [\n"]),
    "wrong_value": b"\0".join([SITE, b"", SET_B.replace(b"5", b"500")]),
}


def fnv1a(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return value.to_bytes(8, "big")


def entry(document, diff=b"- routes/x\n", reason=b"why"):
    head = (b"SLUISHIS" + bytes([0, 0, 0, 1, 0, 0, 0, 7]) + bytes(8) + bytes(4) + b"\x03\0" + bytes(4)
            + len(reason).to_bytes(2, "big") + reason
            + len(diff).to_bytes(4, "big") + len(document).to_bytes(4, "big") + fnv1a(diff) + fnv1a(document))
    return head + fnv1a(head) + diff + document


def document(*files, changes=b""):
    parts = b"".join(len(part).to_bytes(4, "big") + part for file in files for part in file)
    return b"SLUISDOC" + bytes([0, 0, 0, 1]) + len(files).to_bytes(4, "big") + parts + len(changes).to_bytes(4, "big") + changes


ONE = (b"site.yaml", b"/etc/sluis/site.yaml", SITE)
HISTORIES = {
    "document": document(ONE),
    "two_files": document(ONE, (b"conf.d/a.yaml", b"/etc/sluis/conf.d/a.yaml", b"routes: []\n"), changes=SET_B),
    "no_file": document(), "relative": document((b"a", b"a", b"")), "document_cut": document(ONE)[:-1],
    "entry": entry(document(ONE)), "entry_empty": entry(b"", b"", b""), "entry_cut": entry(document(ONE))[:-1],
    "entry_flipped": entry(document(ONE)).replace(b"web", b"wec"), "entry_tail": entry(b"") + b"x",
}


TRACEPARENTS = {
    "good": b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "later": b"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more",
    "zero": b"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
}


def span(kind, *texts):
    """ipc/span.h"""
    ids = (b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7", b"")
    fields = b"".join(struct.pack(">H", len(t)) + t for t in (*ids, *texts))
    return struct.pack(">BBHHQQ", kind, 1, 200, 80, 1, 2) + fields


SPANS = {
    "server": span(2, b"GET", b"https", b"h", b"/p", b"/", b"::1", b"l", b"r/x", b"", b"", b"", b"1.1"),
    "client": span(3, b"GET", b"http", b"h", b"/p", b"", b"::1", b"", b"", b"w", b"s", b"tls", b"2"),
    "quotes": span(2, b"G\"", b"\\", b"\n", b"/\xff", b"", b"", b"", b"", b"", b"", b"", b"") * 2,
}


V2 = b"\r\n\r\n\0\r\nQUIT\n"
V4_BLOCK = bytes([192, 0, 2, 1, 198, 51, 100, 7]) + (1000).to_bytes(2, "big") + (443).to_bytes(2, "big")
V6_BLOCK = bytes.fromhex("20010db8" + "00" * 11 + "01") + bytes(15) + b"\1" + V4_BLOCK[8:]


def v2(command, kind, block):
    return V2 + bytes([command, kind]) + len(block).to_bytes(2, "big") + block


PROXIES = {
    "v1_tcp4": b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\nGET",
    "v1_tcp6": b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n",
    "v1_unknown": b"PROXY UNKNOWN\r\n",
    "v1_unknown_long": b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n",
    "v1_too_long": b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    "v1_bad_port": b"PROXY TCP4 192.0.2.1 198.51.100.7 056 443\r\n",
    "v2_local": v2(0x20, 0, b""),
    "v2_tcp4": v2(0x21, 0x11, V4_BLOCK),
    "v2_udp6": v2(0x21, 0x22, V6_BLOCK),
    "v2_unix": v2(0x21, 0x31, bytes(216)),
    "v2_cut": v2(0x21, 0x11, V4_BLOCK[:11]),
    "v2_tlvs": v2(0x21, 0x11, V4_BLOCK + b"\1\0\2h2\4\0\0"),
    "v2_tlv_cut": v2(0x21, 0x11, V4_BLOCK + b"\1\0\3h2"),
    "v2_checksum": v2(0x21, 0x11, bytes.fromhex("c0000201c000020203e801bbe00001780300 0436b168f8")),
    "v2_long": V2 + b"\x21\x11\xff\xff",
}


def record(message, each=16384):
    parts = [message[i:i + each] for i in range(0, len(message), each)]
    return b"".join(b"\x16\3\1" + len(p).to_bytes(2, "big") + p for p in parts)


def hello(extensions):
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(extensions).to_bytes(2, "big") + extensions
    return b"\1" + len(body).to_bytes(3, "big") + body


SNI = b"\0\0\0\x10\0\x0e\0\0\x0bwww.abcd.nl"
ALPN = b"\0\x10\0\x0e\0\x0c\2h2\x08http/1.1"
HELLOS = {
    "sni": record(hello(SNI)),
    "sni_alpn": record(hello(SNI + ALPN)) + b"\x14\3\3\0\1\1",
    "none": record(hello(b"")),
    "in_sevens": record(hello(SNI + ALPN), 7),
    "in_ones": record(hello(SNI), 1),
    "two_names": record(hello(SNI + SNI)),
    "cut": record(hello(SNI))[:-3],
    "huge": b"\x16\3\1\0\4\1\xff\xff\xff",
    "alert": b"\x15\3\1\0\2\2\x28",
    "http": b"GET / HTTP/1.1\r\n\r\n",
}


# Of harnesses that read structures: what random bytes seldom come to. Each harness says on top what the bytes mean.
FRAMES = {
    "claims_more": bytes([0, 0, 1, 1, 1, 0, 0]),
    "claims_none": bytes([4, 1, 1, 2, 0, 0, 1]) + b"a",
    "good": bytes([1, 0, 0, 1, 0, 0, 0]) + bytes([5, 1, 0, 2, 0, 0, 1]) + b"\1",
    "five_descriptors": bytes([1, 5, 0, 3, 0, 0, 0]),
    "too_long": bytes([3, 0, 0, 1, 0, 0, 0]),
}
FIRST = bytes([0, 1, 0, 6, 3, 5, 0])  # old 0, an empty line, the checkpoint of size 5
GROWS = bytes([0, 1, 5, 2, 5, 9, 6, 3, 9, 0])  # old 5, the proof from 5 to 9, the checkpoint of 9
WITNESSES = {
    "first": FIRST,
    "grows": FIRST + GROWS,
    "forged": FIRST + bytes([0, 1, 5, 2, 5, 9, 6, 7, 9, 0]),
    "same_size_other_tree": FIRST + bytes([0, 1, 5, 6, 7, 5, 0]),
    "put_back": FIRST + GROWS + FIRST,
    "wrong_proof": FIRST + bytes([0, 1, 5, 2, 4, 9, 6, 3, 9, 0]),
    "http": bytes([1]) + FIRST[1:] + bytes([3]) + GROWS[1:],
    "http_get": bytes([5]) + FIRST[1:],
    "http_other": bytes([9]) + FIRST[1:],
    "http_cut": bytes([17]) + FIRST[1:],
}
COUNTS = {
    "accepted": bytes([2, 1, 5, 1, 1, 0, 0, 0, 0, 1]),
    "gauge": bytes([2, 1, 5, 1, 0, 0, 0, 0, 0, 1]),
    "other_listener": bytes([2, 1, 5, 1, 1, 255, 0, 0, 0, 3, 0, 0, 0, 1]),
    "too_much": bytes([2, 1, 5, 2, 6, 0, 1, 255]) + b"\xff" * 8,
    "kill": bytes([1, 2, 1, 12]) + (17).to_bytes(4, "big") + (4).to_bytes(8, "big") + bytes([4]),
}
LATE = "\u2014 w.example/1 ".encode() + base64.b64encode(bytes(76)) + b"\n"
ANSWERS = {
    "cosigned": bytes([1, 0, 0, 16, 22]),
    "cosigned_falsely": bytes([1, 3, 0, 16, 255]) + len(LATE).to_bytes(2, "big") + LATE,
    "conflict": bytes([1, 1, 2, 16, 17]),
    "not_known": bytes([1, 1, 4, 16]),
    "hook_taken": bytes([2, 0, 0, 9, 16]),
    "hook_refused": bytes([2, 5, 8, 9, 16]),
    "hook_busy": bytes([2, 5, 6, 9, 16]),
    "collector_interim": bytes([0, 2, 1, 0, 9, 16]),
    "collector_busy": bytes([0, 2, 6, 9, 16]),
}
WORDS = {
    "signature_bits": b"\0" + b"A" * 85 + b"B==",
    "signature": b"\0" + b"A" * 86 + b"==",
    "key": b"\0-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA" + b"A" * 43 + b"=\n-----END PUBLIC KEY-----\n",
    "key_other_kind": b"\0-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA" + b"A" * 43 + b"=\n-----END PUBLIC KEY-----\n",
    "segment": b"\3audit-00000000000000000042.jsonl",
    "segment_too_far": b"\3audit-10000000000000000042.jsonl",
}
CELL_FRAMES = {
    "listener_slot": bytes([2, 4, 3, 0, 2, 255, 255]),
    "dialer_answers_nothing": bytes([1, 0, 1, 0, 0]),
    "purge": bytes([0x42, 10, 7]) + bytes([0, 0, 0, 1, 1, 0, 0]) + bytes(4) + bytes([3]),
    "channels": bytes([0, 0, 1, 0, 3, 3, 0, 0, 0, 0, 1, 0, 3, 5, 0, 0, 0, 0, 1, 0, 3, 10, 0, 0, 3]),
}


def main():
    seeds = {"frame": FRAMES, "witness": WITNESSES, "spawner": COUNTS, "answer": ANSWERS, "words": WORDS, "setup_cell": CELL_FRAMES,
             "overlay": OVERLAYS, "history": HISTORIES, "http1_request": REQUESTS, "http1_response": RESPONSES,
             "chunked": CHUNKED, "uri": URIS, "tls_signed": SIGNED, "ip": IPS, "traceparent": TRACEPARENTS, "span": SPANS,
             "proxy_protocol": PROXIES, "tls_hello": HELLOS}
    for folder, inputs in seeds.items():
        os.makedirs(os.path.join(CORPUS, folder), exist_ok=True)
        for name, value in inputs.items():
            with open(os.path.join(CORPUS, folder, name), "wb") as out:
                out.write(value)
        print(f"{folder}: {len(inputs)} seeds")


main()
