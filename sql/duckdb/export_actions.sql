-- Which actions does a publisher get?
-- grain: one row per action, by time; users and clients are numbers of this export
select
    export_actions.requested_at,
    export_actions."day",
    export_actions.namespace,
    export_actions.repository,
    export_actions.reference,
    export_actions.tag,
    export_actions.digest,
    export_actions.method,
    export_actions.action,
    export_actions.action_requests,
    export_clients.client_no,
    export_users.user_no,
    export_actions.country,
    export_actions.ip_type,
    export_actions.ip_domain,
    export_actions.cloud,
    export_actions.asn,
    export_actions.company,
    export_actions.tool,
    export_actions.tool_version,
    export_actions.os,
    export_actions.arch,
    export_actions.role,
    export_actions.use_case
from export_actions
inner join export_clients on export_actions.client_key = export_clients.client_key
left join export_users on export_actions.user_key = export_users.user_key
order by
    export_actions.requested_at,
    export_actions.namespace,
    export_actions.repository,
    export_actions.source,
    export_actions.line,
    export_actions.item
