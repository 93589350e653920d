"""An OpenTelemetry collector of a few lines: takes OTLP/HTTP in JSON, and is as strict as the protocol is."""
import http.server
import json
import re
import threading

HEX = {"traceId": 32, "spanId": 16, "parentSpanId": 16}


def attributes(rows):
    """{key: value} of OTLP's list of pairs; a 64-bit number is text in JSON."""
    found = {}
    for row in rows:
        (kind, value), = row["value"].items()
        assert kind in ("stringValue", "intValue") and isinstance(value, str) and row["key"] not in found, row
        found[row["key"]] = int(value) if kind == "intValue" else value
    return found


class Span:
    def __init__(self, raw, service):
        assert set(raw) <= {"traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano",
                            "endTimeUnixNano", "attributes", "status"}, raw
        for key, n in HEX.items():
            assert key not in raw or (re.fullmatch(f"[0-9a-f]{{{n}}}", raw[key]) and int(raw[key], 16)), raw
        self.trace, self.id, self.parent = raw["traceId"], raw["spanId"], raw.get("parentSpanId")
        self.name, self.kind, self.service = raw["name"], raw["kind"], service
        self.start, self.end = int(raw["startTimeUnixNano"]), int(raw["endTimeUnixNano"])
        self.have, self.status = attributes(raw["attributes"]), raw.get("status", {}).get("code", 0)
        assert self.kind in (2, 3) and self.start <= self.end

    def __repr__(self):
        return f"<{self.kind} {self.name} {self.have} {self.status}>"


class Collector:
    """Listens at once; spans() waits for that many."""

    def __init__(self, port, statuses=(), host="127.0.0.1"):
        self.found, self.posts, self.statuses, self.lock = [], 0, list(statuses), threading.Condition()
        self.problems = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer._take(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((host, port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _take(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        with self.lock:
            self.posts += 1
            status = self.statuses.pop(0) if self.statuses else 200
            try:
                assert request.headers["Content-Type"] == "application/json"
                if status == 200:
                    self._decode(json.loads(body))
            except (AssertionError, KeyError, ValueError) as why:
                self.problems.append(why)
            self.path = request.path
            self.lock.notify_all()
        request.send_response(status)
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"{}")

    def _decode(self, document):
        for resource in document["resourceSpans"]:
            service = attributes(resource["resource"]["attributes"])["service.name"]
            for scope in resource["scopeSpans"]:
                assert scope["scope"]["name"] == "sluis"
                self.found += [Span(raw, service) for raw in scope["spans"]]

    def spans(self, n, within=10):
        with self.lock:
            assert self.lock.wait_for(lambda: len(self.found) >= n or self.problems, within), self.found
            assert not self.problems, self.problems
            return list(self.found)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
