"""DuckDB as a good analyst uses it: load once with hashed keys, then window functions."""

import pathlib

import duckdb

import peer

HERE = pathlib.Path(__file__).parent


def parse(path):
    connection = duckdb.connect()
    connection.execute((HERE / "duckdb_parse.sql").read_text(), {"path": path})
    (requests,) = connection.execute("select count(*) from requests").fetchone()
    return requests, connection


def classify(connection):
    return dict(connection.execute((HERE / "duckdb_classify.sql").read_text()).fetchall())


peer.main(duckdb.__version__, parse, classify)
