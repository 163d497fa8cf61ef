-- How does a line of canonical JSON become a request?
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
            "timestamp": "VARCHAR", "client_ip": "VARCHAR", "method": "VARCHAR",
            "image": "VARCHAR", "namespace": "VARCHAR", "repository": "VARCHAR", "reference": "VARCHAR",
            "digest": "VARCHAR", "status": "VARCHAR", "user_agent": "VARCHAR", "user_id": "VARCHAR",
            "user_email": "VARCHAR", "user_domain": "VARCHAR", "request_id": "VARCHAR"
        }') as record
    from lines
)

select
    source,
    line,
    case when not is_json then 'unreadable' end as reject,
    record.timestamp as "timestamp",
    record.client_ip as client_ip,
    record.method as method,
    record.image as image,
    record.namespace as namespace,
    record.repository as repository,
    record.reference as reference,
    record.digest as digest,
    record.status as status,
    record.user_agent as user_agent,
    record.user_id as user_id,
    record.user_email as user_email,
    record.user_domain as user_domain,
    record.request_id as request_id
from records
