"""What do all peers have in common? They parse, classify, and print counts and seconds."""

import json
import sys
import time


def main(version, parse, classify):
    """Run a peer on the CSV log that the command line names, and print one JSON object.

    parse(path) returns the number of requests and the data, typed and in memory.
    classify(data) returns the number of actions by action.
    """
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE.csv")
    begun = time.perf_counter()
    requests, data = parse(sys.argv[1])
    parsed = time.perf_counter()
    actions = classify(data)
    classified = time.perf_counter()
    json.dump(
        {
            "version": version,
            "requests": requests,
            "actions": actions,
            "parse_seconds": parsed - begun,
            "classify_seconds": classified - parsed,
        },
        sys.stdout,
    )
    print()
