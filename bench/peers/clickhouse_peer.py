"""ClickHouse, embedded as chdb: typed columns and hashed keys in memory, then arrays by sequence."""

import json
import pathlib

from chdb import session

import peer

HERE = pathlib.Path(__file__).parent


def rows(clickhouse, query, **params):
    result = clickhouse.query(query, "JSONCompactEachRow", params=params)
    return [json.loads(line) for line in str(result).splitlines()]


def parse(path):
    clickhouse = session.Session()
    rows(clickhouse, (HERE / "clickhouse_parse.sql").read_text(), path=path)
    [[requests]] = rows(clickhouse, "select count() from requests")
    return int(requests), clickhouse


def classify(clickhouse):
    actions = rows(clickhouse, (HERE / "clickhouse_classify.sql").read_text())
    return {action: int(count) for action, count in actions}


[[version]] = rows(session.Session(), "select version()")
peer.main(version, parse, classify)
