"""pandas: Arrow reads, texts become integer codes, then one stable sort and shifted columns."""

import numpy as np
import pandas as pd

import peer

WINDOW = 5_000_000  # microseconds


def parse(path):
    columns = ["timestamp", "client_ip", "method", "image", "reference", "digest", "status"]
    log = pd.read_csv(path, engine="pyarrow", usecols=columns)
    log = log[log["status"].between(200, 399) & log["method"].isin(["HEAD", "GET"])]
    by_tag = ~log["reference"].str.contains(":", regex=False)
    client, _ = pd.factorize(log["client_ip"])
    image, images = pd.factorize(log["image"])
    digest, _ = pd.factorize(log["digest"].replace("", np.nan).where(by_tag | log["digest"].notna(), log["reference"]))
    requests = pd.DataFrame(
        {
            "sequence": client.astype("int64") * len(images) + image,
            "requested_us": log["timestamp"].dt.as_unit("us").astype("int64"),
            "is_head": (log["method"] == "HEAD") | (log["status"] == 304),
            "by_tag": by_tag,
            "digest": digest,  # -1: unknown
        }
    )
    return len(requests), requests


def classify(requests):
    # A stable sort keeps the order of the lines where stamps are equal.
    requests = requests.sort_values(["sequence", "requested_us"], kind="stable", ignore_index=True)
    is_get, by_tag, digest = ~requests["is_head"], requests["by_tag"], requests["digest"]
    previous_is_get, previous_digest = is_get.shift(fill_value=True), digest.shift(fill_value=-1)
    linked = (requests["sequence"].diff() == 0) & (requests["requested_us"].diff() <= WINDOW)
    unknown = (digest < 0) | (previous_digest < 0)
    continues_head = linked & is_get & ~previous_is_get & (unknown | (digest == previous_digest))
    may_continue_get = linked & is_get & previous_is_get & ~by_tag & (unknown | (digest != previous_digest))

    # In a run of child GETs, every second one continues the one before it.
    position = np.arange(len(requests))
    run_head = np.maximum.accumulate(np.where(may_continue_get, 0, position))
    starts = ~continues_head & ((position - run_head) % 2 == 0)
    version_check = starts & by_tag & ~is_get & ~continues_head.shift(-1, fill_value=False)
    return {
        "version_check": int(version_check.sum()),
        "pull_by_tag": int((starts & by_tag & ~version_check).sum()),
        "pull_by_digest": int((starts & ~by_tag).sum()),
    }


peer.main(pd.__version__, parse, classify)
