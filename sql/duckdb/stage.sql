-- What do the canonical columns of one batch of log lines say?
-- grain: one row per record of the batch; texts are still texts
-- params: Format, the rendered SQL of the input format; Has, which of its columns exist
with formatted as (
    {{.Format}}
),

named as (
    select
        source,
        line,
        cast({{column "item" "0"}} as integer) as item,
        {{column "reject" "cast(null as varchar)"}} as reject,
        {{column "ignore" "cast(null as varchar)"}} as ignore,
        {{.Timestamp}} as requested_us,
        {{column "client_ip" "cast(null as varchar)"}} as client_ip,
        nullif({{column "forwarded_for" "''"}}, '-') as forwarded_for,
        upper({{column "method" "cast(null as varchar)"}}) as method,
        {{if has "path"}}path{{else}}cast(null as varchar){{end}} as path,
        {{.Target}} as target,
        {{column "digest" "cast(null as varchar)"}} as digest_text,
        nullif({{column "status" "''"}}, '') as status_text,
        nullif({{column "user_agent" "''"}}, '-') as agent,
        nullif({{column "user_id" "''"}}, '-') as user_name,
        {{.Domain}} as user_domain,
        nullif(nullif({{column "request_id" "''"}}, ''), '-') as request_id
    from formatted
),

statuses as (
    select
        *,
        case when status_text is null then 200 else try_cast(status_text as integer) end as status
    from named
)

select
    line,
    item,
    reject,
    -- The order of these reasons is fixed: a line has one.
    case
        when ignore is not null then ignore
        {{- if has "path"}}
        when method = '' or path = '' then 'not_http'
        when target is null then 'other_path'
        {{- end}}
    end as ignore,
    cast(requested_us as bigint) as requested_us,
    method,
    status,
    -- A GET answered "not modified" moves no manifest: it is a check, like a HEAD.
    method = 'HEAD' or status = 304 as is_head,
    -- Texts say by their first letter what they are: stored values come with an "s".
    'c' || coalesce(client_ip, '') || coalesce(chr(31) || nullif(forwarded_for, ''), '') as client,
    target,
    nullif(digest_text, '') as digest_text,
    'a' || coalesce(agent, '') as agent,
    'u' || replace(coalesce(user_domain, ''), chr(31), '') || chr(31) || coalesce(user_name, '') as user_text,
    id_to_key(request_id) as request_key
from statuses
