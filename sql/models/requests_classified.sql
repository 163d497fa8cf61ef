-- What is each request: the start of a version check or of a pull, or a part of one?
-- grain: one row per request; action is null on a request that continues one
-- params: WindowMicroseconds, how far apart two requests may be and still belong together
with requests_linked as (
    {{file "models/requests_linked.sql" .}}
),

-- A run is a GET and the child GETs that may each continue the one before. Its
-- head is the last request before them that may not.
runs as (
    select
        request_no,
        position,
        is_head,
        by_tag,
        digest_id,
        continues_head,
        may_continue_get,
        max(case when not may_continue_get then position end) over (
            partition by ip_key, image_id
            order by position
            rows between unbounded preceding and current row
        ) as run_head_position,
        coalesce(lead(continues_head) over sequence, false) as next_continues_head,
        coalesce(lead(may_continue_get) over sequence, false) as next_may_continue_get,
        coalesce(lead(may_continue_get, 2) over sequence, false) as second_next_may_continue_get,
        lead(digest_id) over sequence as next_digest_id,
        lead(digest_id, 2) over sequence as second_next_digest_id
    from requests_linked
    window sequence as (
        partition by ip_key, image_id
        order by position
    )
),

-- In a run the requests pair off: 0,1 | 2,3 | 4,5 …; the second of a pair continues the first.
continued as (
    select
        request_no,
        is_head,
        by_tag,
        digest_id,
        next_digest_id,
        second_next_digest_id,
        continues_head or mod(position - run_head_position, 2) = 1 as continues_action,
        case
            when is_head and next_continues_head and second_next_may_continue_get then 3
            when is_head and next_continues_head then 2
            when not is_head and next_may_continue_get then 2
            else 1
        end as requests_if_first
    from runs
),

final as (
    select
        request_no,
        case
            when continues_action then null
            when is_head and by_tag and requests_if_first = 1 then 'version_check'
            when by_tag then 'pull_by_tag'
            else 'pull_by_digest'
        end as action,
        case when not continues_action then requests_if_first end as action_requests,
        -- The digest of an action is the first known one in it.
        case
            when continues_action then null
            when digest_id is not null or requests_if_first = 1 then digest_id
            when next_digest_id is not null or requests_if_first = 2 then next_digest_id
            else second_next_digest_id
        end as action_digest_id
    from continued
)

select
    request_no,
    action,
    action_requests,
    action_digest_id
from final
