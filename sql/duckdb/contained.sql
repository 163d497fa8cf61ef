-- Which new input is the beginning of another input, stored or new?
-- grain: one row per pair of inputs
-- A request of the shorter one is accounted for when the longer one has the same
-- request at the same place, or when its id is known from elsewhere.
with places as (
    select
        requests.rowid as request_no,
        requests.is_new,
        requests.source,
        requests.line,
        requests.item,
        requests.requested_us,
        requests.is_head,
        requests.ip_key,
        requests.image_id,
        requests.request_key,
        coalesce(requests.digest_id, 0) as digest_id,
        coalesce(targets.tag, '') as tag,
        coalesce(users.user_key, 0) as user_key,
        coalesce(agents.tool, '') || '/' || coalesce(agents.tool_version, '') as tool
    from requests
    inner join targets on requests.target_id = targets.target_id
    inner join users on requests.user_id = users.user_id
    inner join agents on requests.agent_id = agents.agent_id
    where not requests.is_context
        and requests.source in ({{.Sources}})
),

totals as (
    select
        source,
        count(*) as requests
    from places
    where is_new
    group by source
),

matches as (
    select
        places.source,
        longer.source as longer_source,
        count(*) as requests
    from places
    inner join places as longer
        on places.line = longer.line
        and places.item = longer.item
        and places.requested_us = longer.requested_us
        and places.is_head = longer.is_head
        and places.ip_key = longer.ip_key
        and places.image_id = longer.image_id
        and places.digest_id = longer.digest_id
        and places.tag = longer.tag
        and places.user_key = longer.user_key
        and places.tool = longer.tool
        and places.source <> longer.source
    where places.is_new
    group by places.source, longer.source
),

-- Stored duplicates of other inputs are missing in the longer one.
known_elsewhere as (
    select
        places.source,
        matches.longer_source,
        count(*) as requests
    from places
    inner join matches on places.source = matches.source
    where places.is_new
        and places.request_key is not null
        and not exists (
            select 1
            from places as longer
            where longer.source = matches.longer_source
                and longer.line = places.line
                and longer.item = places.item
        )
        and exists (
            select 1
            from places as other
            where other.source <> places.source
                and other.request_key = places.request_key
                and other.requested_us // 86400000000 = places.requested_us // 86400000000
        )
    group by places.source, matches.longer_source
)

select
    matches.source,
    matches.longer_source
from matches
inner join totals on matches.source = totals.source
left join known_elsewhere
    on matches.source = known_elsewhere.source
    and matches.longer_source = known_elsewhere.longer_source
where matches.requests + coalesce(known_elsewhere.requests, 0) = totals.requests
order by matches.source, matches.longer_source
