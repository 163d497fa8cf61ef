"""Polars: a lazy scan with hashed keys, then one sort and neighbouring rows."""

import polars as pl

import peer

WINDOW = pl.duration(seconds=5)


def parse(path):
    texts = ("client_ip", "method", "image", "reference", "digest")
    by_tag = ~pl.col("reference").str.contains(":", literal=True)
    digest = pl.when(pl.col("digest").is_null() & ~by_tag).then("reference").otherwise("digest")
    requests = (
        pl.scan_csv(path, try_parse_dates=True, schema_overrides=dict.fromkeys(texts, pl.String))
        .with_row_index("line")
        .filter(pl.col("status").is_between(200, 399), pl.col("method").is_in(["HEAD", "GET"]))
        .select(
            requested_at="timestamp",
            line="line",
            sequence_key=pl.struct("client_ip", "image").hash(),
            is_head=(pl.col("method") == "HEAD") | (pl.col("status") == 304),
            by_tag=by_tag,
            digest_key=pl.when(digest.is_not_null()).then(digest.hash()),
        )
        .collect(engine="streaming")
    )
    return requests.height, requests


def classify(requests):
    # Sorted, every sequence is one stretch: neighbours are the rows above and below, and no
    # expression needs `over`.
    previous = pl.all().shift(1).name.prefix("previous_")
    linked = (pl.col("sequence_key") == pl.col("previous_sequence_key")) & (
        pl.col("requested_at") - pl.col("previous_requested_at") <= WINDOW
    )
    linked_get = linked & ~pl.col("is_head")
    same_digest = pl.col("digest_key") == pl.col("previous_digest_key")
    actions = (
        requests.lazy()
        .sort("sequence_key", "requested_at", "line")
        .with_columns(previous)
        .select(
            "is_head",
            "by_tag",
            continues_head=(linked_get & pl.col("previous_is_head") & same_digest.fill_null(True)).fill_null(False),
            may_continue_get=(
                linked_get & ~pl.col("previous_is_head") & ~pl.col("by_tag") & (~same_digest).fill_null(True)
            ).fill_null(False),
        )
        .with_row_index("position")
        .with_columns(
            # In a run of child GETs, every second one continues the one before it.
            run_head=pl.when(~pl.col("may_continue_get")).then("position").forward_fill(),
            next_continues_head=pl.col("continues_head").shift(-1, fill_value=False),
        )
        .filter(~pl.col("continues_head"), (pl.col("position") - pl.col("run_head")) % 2 == 0)
        .select(
            action=pl.when(pl.col("is_head") & pl.col("by_tag") & ~pl.col("next_continues_head"))
            .then(pl.lit("version_check"))
            .when("by_tag")
            .then(pl.lit("pull_by_tag"))
            .otherwise(pl.lit("pull_by_digest"))
        )
        .group_by("action")
        .len()
        .collect()
    )
    return dict(actions.iter_rows())


peer.main(pl.__version__, parse, classify)
