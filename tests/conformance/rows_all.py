"""Every row, in the order in which they are numbered, and what Sluis does otherwise on purpose."""
from conformance import rows_framing, rows_semantics, rows_answers, rows_http2
from conformance.table import ROWS

MODULES = (rows_framing, rows_semantics, rows_answers, rows_http2)

# id: why Sluis does otherwise. A row that passes has to leave this list.
OTHERWISE = {
    "9112-3.2.4-3": "the empty path of an absolute form is / for OPTIONS too",
    "9110-7.6.2-1": "Max-Forwards is the servers' business",
    "9110-7.6.2-2": "Max-Forwards is the servers' business",
    "9110-7.6.2-3": "Max-Forwards is the servers' business",
    "9110-7.6.3-2": "Via says 1.1, the version that everything is turned into",
    "9113-5.1-5": "frames of streams that are gone are dropped: libnghttp2 can't tell them from those that a reset crossed",
    "9113-5.1-6": "the same",
    "9113-5.1.1-2": "the same: a lower number is a stream that is gone",
    "9113-6.3-1": "priorities are not read at all",
    "9113-6.9.2-2": "the stream ends, not the connection",
}

__all__ = ["MODULES", "OTHERWISE", "ROWS"]
