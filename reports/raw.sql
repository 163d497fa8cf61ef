-- Which actions were there in the period?
-- grain: one row per action
-- params: From, To, the period's bounds; InOrder, whether the rows are in their order already
with raw_rows as (
    {{file "shared/raw_rows.sql" .}}
),

raw_targets as (
    {{file "shared/raw_targets.sql" .}}
),

raw_clients as (
    {{file "shared/raw_clients.sql" .}}
),

final as (
    select
        raw_targets.publisher_id,
        substr(cast(raw_rows.requested_at_second as varchar), 1, 19) as "timestamp",
        raw_targets.namespace,
        raw_targets.repository,
        raw_targets.reference,
        raw_targets.digest,
        raw_targets.tag,
        substr(cast(raw_rows.requested_at_second as varchar), 1, 10) as action_day,
        raw_targets.method as http_method,
        raw_targets.action,
        raw_clients.ip_type as type,
        coalesce(raw_clients.cloud, 'no csp') as host,
        raw_clients.country,
        raw_clients.tool as user_agent_tool,
        raw_clients.tool_version as user_agent_version,
        raw_clients.ip_domain as domain,
        raw_targets.publisher_name as owner,
        raw_rows.requested_at_second,
        raw_rows.target_no,
        raw_rows.client_no
    from raw_rows
    inner join raw_targets
        on raw_rows.target_no = raw_targets.target_no
        and raw_rows.publisher_no = raw_targets.publisher_no
    inner join raw_clients on raw_rows.client_no = raw_clients.client_no
)

select
    publisher_id,
    "timestamp",
    namespace,
    repository,
    reference,
    digest,
    tag,
    action_day,
    http_method,
    action,
    type,
    host,
    country,
    user_agent_tool,
    user_agent_version,
    domain,
    owner
    {{- if .InOrder}},
    requested_at_second,
    target_no,
    client_no
    {{- end}}
from final
{{- if not .InOrder}}
order by
    publisher_id,
    "timestamp",
    namespace,
    repository,
    reference,
    digest nulls first,
    tag nulls first,
    http_method,
    action,
    type nulls first,
    host,
    country nulls first,
    user_agent_tool nulls first,
    user_agent_version nulls first,
    domain nulls first
{{- end}}
