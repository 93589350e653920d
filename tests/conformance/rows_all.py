"""Every row, in the order in which they are numbered, and what Sluis does otherwise on purpose."""
from conformance import rows_framing, rows_semantics, rows_answers, rows_http2
from conformance.table import ROWS

MODULES = (rows_framing, rows_semantics, rows_answers, rows_http2)

# id: why Sluis does otherwise. A row that passes has to leave this list.
OTHERWISE = {
    "9112-3.2.4-3": "the empty path of an absolute form is / for OPTIONS too",
    "9110-6.6.1-1": "servers that have no clock are passed on without one",
    "9110-7.6.2-1": "Max-Forwards is the servers' business",
    "9110-7.6.2-2": "Max-Forwards is the servers' business",
    "9110-7.6.2-3": "Max-Forwards is the servers' business",
    "9110-7.6.3-2": "Via says 1.1, the version that everything is turned into",
}

__all__ = ["MODULES", "OTHERWISE", "ROWS"]
