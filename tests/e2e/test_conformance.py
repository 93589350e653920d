"""Every row of the conformance table (tests/conformance) holds: RFC 9110, 9112, 9113, 8441, 9111, clause by clause.

Rows that Sluis fails are listed with what it does instead (rows_all.OTHERWISE), and have to fail.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))

from conformance import proxies, rows_all, table  # noqa: E402


@pytest.fixture(scope="module", name="exchanges")
def two_instances(scratch):
    """One instance for the whole table, and one that keeps answers."""
    with proxies.Bench("Sluis", f"{scratch}/conformance") as plain, proxies.Bench("Sluis", f"{scratch}/cached", True) as cached:
        yield plain, cached


def sections():
    """The rows by document and section."""
    found = {}
    for row in rows_all.ROWS:
        found.setdefault(row.clause, []).append(row)
    return found


@pytest.mark.parametrize("clause", sections())
def test_clause(exchanges, clause):
    wrong = []
    for row in sections()[clause]:
        verdict, why = table.run(exchanges[row.is_cached], row)
        expected = "fail" if row.id in rows_all.OTHERWISE else "pass"
        if verdict not in (expected, "n.a."):
            wrong.append(f"{row.id} {row.level}: {row.text}: {verdict} {why}")
    assert not wrong, "\n".join(wrong)


def test_table_has_no_row_twice():
    names = [row.id for row in rows_all.ROWS]
    assert len(names) == len(set(names)) and set(rows_all.OTHERWISE) <= set(names)
