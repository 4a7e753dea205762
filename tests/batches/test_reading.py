"""Tables as spreadsheets and programs write them: nothing is lost, and one bad row is one bad row."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import io
import json
import uuid
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.batches.csv_rows import csv_rows
from airflow_provider_omnihuman.batches.json_rows import json_rows, rows_of
from airflow_provider_omnihuman.batches.reading import decoded, rows_of_text
from airflow_provider_omnihuman.batches.rows import limited

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff"), max_size=12)
CELL = st.one_of(TEXT, st.sampled_from(['"', ",", ";", "\t", "\r\n", "\r", "\n", "\u2028", "\x0b", '""', " "]))
FEW = settings(max_examples=60, deadline=None)


def rows(text: str, **options):
    return list(rows_of_text(text, what="t.csv", **options))


def cells(text: str, **options):
    found = rows(text, **options)
    assert [row.problem for row in found] == [""] * len(found)
    return [dict(row.cells) for row in found]


@FEW
@given(
    table=st.lists(st.tuples(CELL, CELL, CELL), max_size=6),
    style=st.sampled_from([{}, {"lineterminator": "\n", "quoting": csv.QUOTE_ALL}]),
)
def test_every_cell_that_a_spreadsheet_wrote_is_read_as_it_was(table, style):
    file = io.StringIO(newline="")
    writer = csv.writer(file, **style)
    writer.writerows([("a", "b", "c"), *table])
    kept = [row for row in table if any(cell.strip() for cell in row)]
    found = list(csv_rows(file.getvalue()))
    assert [tuple(row.cells.values()) for row in found] == kept
    assert [row.number for row in found] == list(range(1, len(kept) + 1))


@FEW
@given(st.lists(st.dictionaries(TEXT, st.one_of(TEXT, st.integers(), st.booleans(), st.none(), st.lists(TEXT)), max_size=4)))
def test_every_object_of_json_lines_is_read_as_it_was(objects):
    found = list(json_rows("\n".join(json.dumps(each, ensure_ascii=False) for each in objects)))
    assert [dict(row.cells) for row in found] == [{key.strip(): value for key, value in each.items()} for each in objects]


@FEW
@given(data=st.binary(max_size=60) | CELL.map(str.encode), name=st.sampled_from(["t.csv", "t.jsonl", "t"]))
def test_whatever_is_in_a_file_is_read_or_refused(data, name):
    with suppress(InvalidRequestError):
        found = list(rows_of_text(decoded(data, what=name), what=name))
        json.dumps([dict(row.cells) for row in found]).encode()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id;name\n1;Anna, Ben\n", [{"id": "1", "name": "Anna, Ben"}]),
        ("id\tname\n1\tAnna\n", [{"id": "1", "name": "Anna"}]),
        ('"a,b";c\n1;2\n', [{"a,b": "1", "c": "2"}]),
        ("id,name\r1,Anna\r", [{"id": "1", "name": "Anna"}]),
        ('id,name\n1,"two\nlines"\n', [{"id": "1", "name": "two\nlines"}]),
        (" id , name,\n1,Anna,\n", [{"id": "1", "name": "Anna"}]),
        ("\n\nid,name\n,\n\n1,Anna\n , \n", [{"id": "1", "name": "Anna"}]),
        ("id,name\n", []),
    ],
)
def test_a_table_may_look_in_many_ways(text, found):
    assert cells(text) == found


def test_names_of_columns_may_be_given_where_the_table_has_none():
    assert cells("1,Anna\n", header=["id", "name"]) == [{"id": "1", "name": "Anna"}]
    assert cells('[1, "Anna"]\n[2, "Ben"]\n', table_format="jsonl", header=["id", "name"])[1] == {"id": 2, "name": "Ben"}
    assert cells('[[1, "Anna"]]', table_format="json", header=["id", "name"]) == [{"id": 1, "name": "Anna"}]
    assert cells('[{"id": 1}]', table_format="json") == [{"id": 1}]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2,Ben,extra", "it has 3 cells, and the header names 2"),
        ("2", "it has 1 cell, and the header names 2: a line break inside a text needs quotes"),
        ('2,"Be"n', "it is no CSV"),
        ("2,Be\x00n", "'Be\\x00n' holds a NUL character"),
    ],
)
def test_a_bad_line_is_one_bad_row(line, says):
    first, bad, last = rows(f"id,name\n1,Anna\n{line}\n3,Cleo\n")
    assert says in bad.problem
    assert (bad.name, bad.number) == ("row 2 (line 3)", 2)
    assert (first.problem, last.problem, last.cells["name"]) == ("", "", "Cleo")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": 2', "it is no JSON object"),
        ('{"id": NaN}', "NaN is no JSON"),
        ("[" * 100_000, "it is no JSON object"),
        ('"Ben"', "it is 'Ben', not a mapping"),
        ("[1, 2]", "no header= names its columns"),
        (r'{"name": "\ud83d"}', "holds half of a character"),
        (r'{"name": ["a\u0000b"]}', "holds a NUL character"),
    ],
)
def test_a_bad_line_of_json_is_one_bad_row(line, says):
    first, bad, last = rows_of_text(f'{{"id": 1}}\n\n{line}\n{{"id": 3}}\n', what="t.jsonl")
    assert says in bad.problem
    assert bad.name == "row 2 (line 3)"
    assert (first.cells, last.cells) == ({"id": 1}, {"id": 3})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "t.csv is empty: it has no header"),
        (" , \n", "t.csv is empty: it has no header"),
        ("id,name,id\n1,2,3\n", "t.csv has two columns of the name 'id'"),
        ('id,name\n1,Anna\n2,"Ben\n3,Cleo\n', "t.csv has a quoted text that never ends, which begins in line 3"),
        ('id\n1\n"2\n' + "3\n" * 70_000, "t.csv has a quoted text that never ends, which begins in line 3"),
    ],
)
def test_a_table_that_is_wrong_as_a_whole_is_refused(text, says):
    with pytest.raises(InvalidRequestError, match=says):
        rows(text)


def test_a_value_in_a_column_without_a_name_is_not_lost_silently():
    (row,) = rows("id,,name\n1,secret,Anna\n")
    assert row.problem == "the value 'secret' is in a column that has no name in the header"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("id,name\n1,Zoë".encode("utf-8-sig"), None),
        ("id,name\n1,Zoë".encode("utf-16"), None),
        ("id,name\n1,Zoë".encode("cp1252"), "cp1252"),
    ],
)
def test_a_table_is_read_in_the_encoding_that_it_is_in(data, encoding):
    assert cells(decoded(data, encoding=encoding, what="t.csv")) == [{"id": "1", "name": "Zoë"}]


def test_another_encoding_than_utf_8_is_told_with_its_place():
    with pytest.raises(InvalidRequestError, match=r"t.csv is not UTF-8: byte 0xeb in line 2.*encoding='gb18030'"):
        decoded("id,name\n1,Zoë".encode("cp1252"), what="t.csv")
    with pytest.raises(InvalidRequestError, match="there is no encoding 'utf-99'"):
        decoded(b"id", encoding="utf-99", what="t.csv")


def test_the_format_is_known_by_the_name_or_else_by_the_content():
    assert next(rows_of_text("id\n1", what="https://example.com/t.csv?sig=1")).cells == {"id": "1"}
    assert next(rows_of_text('{"id": 1}', what="s3://bucket/table")).cells == {"id": 1}
    assert next(rows_of_text("id\n1", what="s3://bucket/table")).cells == {"id": "1"}
    with pytest.raises(InvalidRequestError, match="there is no format 'xlsx': use one of csv"):
        rows("id\n", table_format="xlsx")


def test_what_a_query_returned_becomes_plain_text_and_numbers():
    at = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)
    key = uuid.UUID(int=5)
    values = [(decimal.Decimal("12.50"), at, key, None, 7), {"a": 1}]
    first, second = rows_of(values, header=["price", "at", "key", "none", "n"])
    assert first.cells == {"price": "12.50", "at": at.isoformat(), "key": str(key), "none": None, "n": 7}
    assert second.cells == {"a": 1}
    (bad,) = rows_of([(b"\x00",)], header=["blob"])
    assert bad.problem == "column 'blob': a bytes is no value that a row can have"
    for value, said in ((float("nan"), "nan"), (decimal.Decimal("NaN"), "NaN"), (decimal.Decimal("-inf"), "-Infinity")):
        (bad,) = rows_of([(value,)], header=["n"])
        assert bad.problem == f"column 'n': {said} is no number"
    with pytest.raises(InvalidRequestError, match="rows must be a list of rows, not str"):
        list(rows_of("a"))
    with pytest.raises(InvalidRequestError, match="header must be a list of names, not str 'n'"):
        list(rows_of([(1,)], header="n"))


def test_one_mapping_is_one_row_as_airflow_gives_what_a_mapped_task_returned_that_ran_once():
    assert [row.cells for row in rows_of({"a": 1})] == [{"a": 1}]


def test_more_rows_than_airflow_maps_over_are_refused_before():
    found = rows_of([{"id": number} for number in range(4)])
    assert len(list(limited(rows_of([{}] * 3), 3, what="it"))) == 3
    with pytest.raises(InvalidRequestError, match=r"it has more than 3 rows: Airflow maps over no more .*max_map_length"):
        list(limited(found, 3, what="it"))
