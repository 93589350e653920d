"""Every row, in the order in which they are numbered, and what Sluis does otherwise."""
from conformance import rows_framing, rows_semantics, rows_answers, rows_http2, rows_cache
from conformance.table import ROWS

MODULES = (rows_framing, rows_semantics, rows_answers, rows_http2, rows_cache)

# id: what Sluis does otherwise, a fault unless it says why. A row that passes has to leave this list.
OTHERWISE = {
}

__all__ = ["MODULES", "OTHERWISE", "ROWS"]
