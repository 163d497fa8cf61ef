-- Which actions were there in the period?
-- grain: one row per action
-- params: From, To, the period's bounds
with actions as (
    select
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

publishers as (
    select
        namespace,
        publisher_id,
        publisher_name
    from {{table "publishers"}}
),

final as (
    select
        coalesce(publishers.publisher_id, actions.namespace) as publisher_id,
        actions.requested_at_second as "timestamp",
        actions.namespace,
        actions.repository,
        actions.reference,
        actions.digest,
        actions.tag,
        substr(actions.requested_at_second, 1, 10) as action_day,
        actions.method as http_method,
        actions.action,
        actions.ip_type as type,
        actions.cloud as host,
        actions.country,
        actions.tool as user_agent_tool,
        actions.tool_version as user_agent_version,
        actions.ip_domain as domain,
        coalesce(publishers.publisher_name, actions.namespace) as owner
    from actions
    left join publishers on actions.namespace = publishers.namespace
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
