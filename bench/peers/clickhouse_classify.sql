-- How many actions of each kind are in the log?
-- grain: one row per action's name
-- Arrays of a sequence's requests, in order, are faster here than window functions with lagInFrame.
with
sequences as (
    select arraySort(groupArray((requested_at, line, is_head, by_tag, digest_key))) as sequence
    from requests
    group by sequence_key
),

-- The first request has no neighbour: it is compared with itself, and is not linked.
neighbours as (
    select
        sequence.3 as is_head,
        sequence.4 as by_tag,
        sequence.5 as digest_key,
        arrayPushFront(arrayPopBack(is_head), 0) as previous_is_head,
        arrayPushFront(arrayPopBack(digest_key), 0) as previous_digest_key,
        arrayMap(
            (at, previous_at, position) -> position > 1 and at - previous_at <= 5,
            sequence.1, arrayPushFront(arrayPopBack(sequence.1), sequence[1].1), arrayEnumerate(sequence)
        ) as is_linked
    from sequences
),

compared as (
    select
        is_head,
        by_tag,
        arrayMap(
            (linked, head, previous_head, digest, previous_digest) ->
            linked and not head and previous_head and (digest = previous_digest or digest = 0 or previous_digest = 0),
            is_linked, is_head, previous_is_head, digest_key, previous_digest_key
        ) as continues_head,
        arrayMap(
            (linked, head, previous_head, tag, digest, previous_digest) ->
            linked and not head and not previous_head and not tag
            and (digest <> previous_digest or digest = 0 or previous_digest = 0),
            is_linked, is_head, previous_is_head, by_tag, digest_key, previous_digest_key
        ) as may_continue_get
    from neighbours
),

-- In a run of child GETs, every second one continues the one before it.
runs as (
    select
        head as is_head,
        tag as by_tag,
        continues as continues_head,
        next_continues as next_continues_head,
        position_in_run
    from compared
    array join
        is_head as head,
        by_tag as tag,
        continues_head as continues,
        arrayPushBack(arrayPopFront(continues_head), 0) as next_continues,
        arrayEnumerateUniq(arrayCumSum(may -> not may, may_continue_get)) as position_in_run
)

select
    multiIf(
        is_head and by_tag and not next_continues_head, 'version_check',
        by_tag, 'pull_by_tag',
        'pull_by_digest'
    ) as action,
    count() as actions
from runs
where not continues_head and position_in_run % 2 = 1
group by action
