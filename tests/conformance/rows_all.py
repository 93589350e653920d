"""Every row, in the order in which they are numbered, and what Sluis does otherwise."""
from conformance import rows_framing, rows_semantics, rows_answers, rows_http2
from conformance.table import ROWS

MODULES = (rows_framing, rows_semantics, rows_answers, rows_http2)

# id: what Sluis does otherwise, a fault unless it says why. A row that passes has to leave this list.
OTHERWISE = {
    "9112-3.2.4-3": "a fault: the empty path of an absolute form is / for OPTIONS too",
    "9110-7.6.2-1": "a fault: Max-Forwards is passed on untouched",
    "9110-7.6.2-2": "a fault: Max-Forwards is passed on untouched",
    "9110-7.6.2-3": "a fault: Max-Forwards is passed on untouched",
    "9110-7.6.3-2": "a fault: Via says 1.1 whatever version came in",
    "9113-5.1-5": "frames of streams that are gone are dropped: libnghttp2 can't tell them from those that a reset crossed",
    "9113-5.1-6": "the same",
    "9113-5.1.1-2": "the same: a lower number is a stream that is gone",
    "9113-6.3-1": "libnghttp2 drops it unread: no priorities of RFC 7540 are used",
    "9113-6.9.2-2": "libnghttp2 ends the stream, not the connection",
}

__all__ = ["MODULES", "OTHERWISE", "ROWS"]
