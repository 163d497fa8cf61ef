-- How does a line of the combined log format of nginx and Apache become a request?
-- grain: one row per line
-- Stamps have whole seconds, and a request by tag has no digest.
with lines as (
    select
        source,
        line,
        regexp_extract(
            raw,
            '^(\S+) (\S+) (.*?) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\S+) (\S+)(?: "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)")?',
            ['address', 'ident', 'remote_user', 'time', 'request', 'status', 'bytes', 'agent']
        ) as field
    from {{.Source}}
),

requests as (
    select
        source,
        line,
        field,
        regexp_extract(field.request, '^([A-Za-z]+) (\S+)(?: HTTP/[0-9.]+)?$', ['method', 'path']) as request
    from lines
)

select
    source,
    line,
    case when field.address = '' then 'unreadable' end as reject,
    try_strptime(field.time, '%d/%b/%Y:%H:%M:%S %z') as "timestamp",
    field.address as client_ip,
    request.method as method,
    request.path as path,
    field.status as status,
    field.agent as user_agent,
    field.remote_user as user_id,
    field.bytes as bytes
from requests
