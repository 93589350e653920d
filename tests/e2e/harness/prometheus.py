"""A strict reader of Prometheus' text format 0.0.4 and of OpenMetrics 1.0: what promtool would refuse, it refuses."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("", "_total"), "gauge": ("",)}


class Page:
    """samples: {(name, frozenset of labels): number}; types: {family: type}"""

    def __init__(self, text, is_open=False):
        self.samples, self.types, self.family, seen = {}, {}, None, set()
        assert text.endswith("# EOF\n" if is_open else "\n")
        for line in text.splitlines():
            if line.startswith("# "):
                self._comment(line, is_open)
                continue
            match = SAMPLE.fullmatch(line)
            assert match, line
            name, labels = match.group(1), re.findall(LABEL, match.group(2) or "")
            assert len({k for k, _ in labels}) == len(labels), line
            kind = self.types[self.family]
            assert name in {self.family + s for s in SUFFIXES[kind]}, line
            assert kind != "counter" or name.endswith("_total"), line
            key = (name, frozenset(labels))
            assert key not in seen, "twice: " + line
            seen.add(key)
            self.samples[key] = float(match.group(7))
        self._histograms()

    def _comment(self, line, is_open):
        if line == "# EOF":
            return
        _, word, name, rest = line.split(" ", 3)
        if word == "HELP":
            assert name not in self.types and rest.endswith(".") and len(rest) > 8, line
            self.family = name
        else:
            assert word == "TYPE" and name == self.family and rest in SUFFIXES, line
            assert not is_open or not name.endswith("_total")
            self.types[name] = rest

    def _histograms(self):
        """Buckets count up, and the last one is the count."""
        series = {}
        for (name, labels), value in self.samples.items():
            if name.endswith("_bucket"):
                rest = frozenset((k, v) for k, v in labels if k != "le")
                le = dict(labels)["le"]
                series.setdefault((name[:-7], rest), []).append((float(le.replace("+Inf", "inf")), value))
        for (name, rest), buckets in series.items():
            counts = [n for _, n in sorted(buckets)]
            assert counts == sorted(counts) and sorted(buckets)[-1][0] == float("inf"), name
            assert self.samples[(name + "_count", rest)] == counts[-1], name

    def get(self, name, **labels):
        """The sum of a metric over all series that have these labels; None when there is none."""
        found = [value for (n, have), value in self.samples.items()
                 if n == name and set(labels.items()) <= set(have)]
        return sum(found) if found else None


def scrape(sluis, accept=None):
    """The metrics page of a running instance whose metrics listener is called "metrics"."""
    fields = [("Accept", accept)] if accept else []
    got = sluis.ask("/metrics", listener="metrics", fields=fields)
    is_open = bool(accept and "openmetrics" in accept)
    wanted = "application/openmetrics-text; version=1.0.0" if is_open else "text/plain; version=0.0.4"
    assert got.status == 200 and got.header("content-type").startswith(wanted)
    return Page(got.body.decode(), is_open)
