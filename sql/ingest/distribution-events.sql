-- How does a notification of the CNCF distribution registry become requests?
-- grain: one row per event; an envelope (a line) holds one or more
-- A HEAD is a "pull" event too: request.method tells it from a GET.
with lines as (
    select
        source,
        line,
        raw,
        json_valid(raw) as is_json
    from {{.Source}}
),

envelopes as (
    select
        source,
        line,
        from_json(case when is_json then raw end, '{"events": [{
            "id": "VARCHAR", "timestamp": "VARCHAR", "action": "VARCHAR",
            "target": {"mediaType": "VARCHAR", "digest": "VARCHAR", "repository": "VARCHAR", "url": "VARCHAR", "tag": "VARCHAR"},
            "request": {"addr": "VARCHAR", "method": "VARCHAR", "useragent": "VARCHAR"},
            "actor": {"name": "VARCHAR"}
        }]}').events as events
    from lines
),

events as (
    select
        source,
        line,
        unnest(generate_series(1, len(events))) as item,
        unnest(events) as event,
        cast(null as varchar) as reject,
        cast(null as varchar) as ignore
    from envelopes
    where len(events) > 0
    union all
    -- A line without events still counts as a line.
    select
        source,
        line,
        1 as item,
        null as event,
        case when events is null then 'unreadable' end as reject,
        case when events is not null then 'no_event' end as ignore
    from envelopes
    where coalesce(len(events), 0) = 0
)

select
    source,
    line,
    cast(item - 1 as integer) as item,
    reject,
    ignore,
    event.timestamp as "timestamp",
    event.request.addr as client_ip,
    coalesce(event.request.method, '') as method,
    -- The URL has the digest even when the client asked for a tag.
    case
        when event.target.url like '%/manifests/%' or event.target.mediaType like '%manifest%' or event.target.mediaType like '%image.index%'
            then '/v2/' || event.target.repository || '/manifests/' || coalesce(nullif(event.target.tag, ''), event.target.digest, '')
        else coalesce(event.target.url, '/v2/')
    end as path,
    event.target.digest as digest,
    event.request.useragent as user_agent,
    event.actor.name as user_id,
    event.id as request_id
from events
