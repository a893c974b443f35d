"""A record of a CSV ends where the library that reads it thinks so."""

import csv
import io
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gradcli.batch.records import _end, ends, last_end

cells = st.text('ab ,;\t"\n', max_size=6)


@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=5), st.sampled_from(",;\t"), st.booleans())
def test_what_a_writer_writes_is_cut_into_its_rows(rows, delimiter, everything):
    """With quotes where they are needed, or everywhere."""
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if everything else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=quoting).writerows(rows)
    text = out.getvalue()
    places = [0, *ends(text, delimiter)]
    found = [text[start:end] for start, end in pairwise(places)]
    assert "".join(found) == text
    assert [next(csv.reader([record], delimiter=delimiter, strict=True)) for record in found] == rows


@given(st.text('a ,"\n', max_size=40))
def test_the_short_way_ends_where_the_long_one_does(text):
    """On anything, malformed or cut short."""
    found, start = [], 0
    while (stop := _end(text, start, ",")) >= 0:
        start = stop + 1
        found.append(start)
    assert ends(text, ",") == found
    assert last_end(text, ",") == ([0, *found])[-1]
