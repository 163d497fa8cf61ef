-- How does a line of an nginx JSON access log become a request?
-- grain: one row per line
-- The log is written when a response is finished: the request started request_time earlier.
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
        from_json(case when is_json then raw end, '{
            "time": "VARCHAR", "request_time": "VARCHAR", "request_id": "VARCHAR",
            "remote_addr": "VARCHAR", "http_x_forwarded_for": "VARCHAR", "remote_user": "VARCHAR",
            "method": "VARCHAR", "request_uri": "VARCHAR", "status": "VARCHAR", "bytes_sent": "VARCHAR",
            "user_agent": "VARCHAR", "docker_content_digest": "VARCHAR"
        }') as record
    from lines
)

select
    source,
    line,
    -- A line without these keys is no line of this format; an empty value is one of a TLS hello.
    case
        when record.request_uri is null or record.method is null or record.remote_addr is null then 'unreadable'
    end as reject,
    try_cast(record.time as decimal(18, 6))
        - coalesce(try_cast(nullif(record.request_time, '') as decimal(18, 6)), 0) as "timestamp",
    record.remote_addr as client_ip,
    record.http_x_forwarded_for as forwarded_for,
    record.method as method,
    record.request_uri as path,
    record.docker_content_digest as digest,
    record.status as status,
    record.user_agent as user_agent,
    record.remote_user as user_id,
    record.request_id as request_id,
    record.bytes_sent as bytes
from records
