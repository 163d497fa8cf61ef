-- What does one day of the lake hold?
-- grain: one row per accepted request, in the order of the file
-- params: for each column of few distinct texts, its type
-- Every number of a row has its text, so that all joins are inner ones: those keep the
-- order, and find the text by its place.
select
    make_timestamp(day_rows.requested_us) as requested_at,
    day_rows.ip_key,
    clients.client_key,
    users.user_key,
    images.namespace,
    images.repository,
    methods.method,
    targets.tag,
    digests.digest,
    reference_digests.digest as reference_digest,
    actions.action,
    day_rows.action_requests,
    action_digests.digest as action_digest,
    clients.country,
    clients.ip_type,
    clients.ip_domain,
    clients.cloud,
    clients.asn,
    case
        when day_rows.context_id <> 0 then contexts.company
        when clients.company_wins then clients.company
        else coalesce(users.company, clients.company)
    end as company,
    agents.tool,
    agents.tool_version,
    agents.os,
    agents.arch,
    agents.role,
    -- One step up on a cloud, never two: both steps start from the role's own use case.
    case
        when day_rows.context_id <> 0 then contexts.use_case
        when clients.cloud is null then agents.use_case
        else agents.use_case_on_cloud
    end as use_case,
    day_rows.request_key,
    sources.source_id as source,
    day_rows.line,
    day_rows.item
from day_rows_sorted as day_rows
inner join (
    select
        client_id,
        client_key,
        try_cast(country as {{.country}}) as country,
        try_cast(ip_type as {{.ip_type}}) as ip_type,
        ip_domain,
        try_cast(cloud as {{.cloud}}) as cloud,
        asn,
        company,
        company_wins
    from clients
) as clients on day_rows.client_id = clients.client_id
inner join users on day_rows.user_id = users.user_id
inner join images on day_rows.image_id = images.image_id
inner join (
    select
        target_id,
        try_cast(tag as {{.tag}}) as tag
    from targets
) as targets on day_rows.target_id = targets.target_id
inner join digests on day_rows.digest_id = digests.digest_id
inner join digests as reference_digests on day_rows.reference_digest_id = reference_digests.digest_id
inner join digests as action_digests on day_rows.action_digest_id = action_digests.digest_id
inner join (
    select
        context_id,
        company,
        try_cast(use_case as {{.use_case}}) as use_case
    from contexts
) as contexts on day_rows.context_id = contexts.context_id
inner join (
    select
        agent_id,
        try_cast(tool as {{.tool}}) as tool,
        try_cast(tool_version as {{.tool_version}}) as tool_version,
        try_cast(os as {{.os}}) as os,
        try_cast(arch as {{.arch}}) as arch,
        try_cast(role as {{.role}}) as role,
        try_cast(use_case as {{.use_case}}) as use_case,
        try_cast(use_case_on_cloud as {{.use_case}}) as use_case_on_cloud
    from agents
) as agents on day_rows.agent_id = agents.agent_id
inner join (
    select
        source,
        try_cast(source_id as {{.source_id}}) as source_id
    from sources
) as sources on day_rows.source = sources.source
inner join actions on day_rows.action_no = actions.action_no
inner join methods on day_rows.method_no = methods.method_no
