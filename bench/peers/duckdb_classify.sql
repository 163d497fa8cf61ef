-- How many actions of each kind are in the log?
-- grain: one row per action's name
with neighbours as (
    select
        sequence_key,
        requested_at,
        rowid as line,
        is_head,
        by_tag,
        digest_key,
        row_number() over sequence as position,
        lag(requested_at) over sequence as previous_requested_at,
        lag(is_head) over sequence as previous_is_head,
        lag(digest_key) over sequence as previous_digest_key
    from requests
    window sequence as (partition by sequence_key order by requested_at, rowid)
),

linked as (
    select
        *,
        not is_head and coalesce(requested_at - previous_requested_at <= interval 5 seconds, false) as is_linked_get
    from neighbours
),

compared as (
    select
        *,
        is_linked_get and previous_is_head and coalesce(digest_key = previous_digest_key, true) as continues_head,
        is_linked_get and not previous_is_head and not by_tag
        and coalesce(digest_key <> previous_digest_key, true) as may_continue_get
    from linked
),

-- In a run of child GETs, every second one continues the one before it.
runs as (
    select
        is_head,
        by_tag,
        continues_head,
        position - max(case when not may_continue_get then position end) over sequence as position_in_run,
        coalesce(lead(continues_head) over sequence, false) as next_continues_head
    from compared
    window sequence as (partition by sequence_key order by requested_at, line)
)

select
    case
        when is_head and by_tag and not next_continues_head then 'version_check'
        when by_tag then 'pull_by_tag'
        else 'pull_by_digest'
    end as action,
    count(*) as actions
from runs
where not continues_head and position_in_run % 2 = 0
group by action
