-- How does a line of JSON become an extension event?
-- grain: one row per line
with lines as (
    select
        source,
        line,
        raw,
        json_valid(raw) as is_json
    from {{.Source}}
),

records as (
    select
        source,
        line,
        is_json,
        from_json(case when is_json then raw end, '{
            "timestamp": "VARCHAR", "extension": "VARCHAR", "event": "VARCHAR", "user_id": "VARCHAR"
        }') as record
    from lines
)

select
    source,
    line,
    case when not is_json then 'unreadable' end as reject,
    record.timestamp as "timestamp",
    record.extension as extension,
    record.event as event,
    record.user_id as user_id
from records
