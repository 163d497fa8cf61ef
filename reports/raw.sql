-- Which actions were there in the period?
-- grain: one row per action
-- params: From, To, the period's bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        substr(cast(requested_at as varchar), 1, 19) as requested_at_second,
        namespace,
        repository,
        reference,
        digest,
        tag,
        method,
        action,
        ip_type,
        coalesce(cloud, 'no csp') as cloud,
        country,
        tool,
        tool_version,
        ip_domain
    from {{table "actions"}}
    where requested_at >= {{timestamp .From}}
        and requested_at < {{timestamp .To}}
),

final as (
    select
        publisher_id,
        requested_at_second as "timestamp",
        namespace,
        repository,
        reference,
        digest,
        tag,
        substr(requested_at_second, 1, 10) as action_day,
        method as http_method,
        action,
        ip_type as type,
        cloud as host,
        country,
        tool as user_agent_tool,
        tool_version as user_agent_version,
        ip_domain as domain,
        publisher_name as owner
    from actions
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
from final
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
