-- What does one day of the lake hold?
-- grain: one row per accepted request, in the order of the table sorted
-- params: DayNo, days since 1970-01-01
with day_rows as (
    -- Sorted once more, though they are: so row groups begin at the same rows whatever
    -- other days are written by the run, and the file has the same bytes.
    select * from sorted
    where day_no = {{.DayNo}}
    order by rowid
)

select
    make_timestamp(sorted.requested_us) as requested_at,
    clients.ip_key,
    clients.client_key,
    users.user_key,
    images.namespace,
    images.repository,
    case when sorted.is_head then 'HEAD' else 'GET' end as method,
    targets.tag,
    digests.digest,
    case when sorted.digest_id <> targets.reference_digest_id then reference_digests.digest end as reference_digest,
    sorted.action,
    cast(sorted.action_requests as integer) as action_requests,
    action_digests.digest as action_digest,
    clients.country,
    clients.ip_type,
    clients.ip_domain,
    clients.cloud,
    clients.asn,
    case
        when sorted.context_id <> 0 then contexts.company
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
        when sorted.context_id <> 0 then contexts.use_case
        when clients.cloud is null then agents.use_case
        else agents.use_case_on_cloud
    end as use_case,
    sorted.request_key,
    sources.source_id as source,
    sorted.line,
    sorted.item
from day_rows as sorted
left join clients on sorted.client_id = clients.client_id
left join users on sorted.user_id = users.user_id
left join images on sorted.image_id = images.image_id
left join targets on sorted.target_id = targets.target_id
left join digests on sorted.digest_id = digests.digest_id
left join digests as reference_digests on targets.reference_digest_id = reference_digests.digest_id
left join digests as action_digests on sorted.action_digest_id = action_digests.digest_id
left join contexts on sorted.context_id = contexts.context_id
left join agents on sorted.agent_id = agents.agent_id
left join sources on sorted.source = sources.source
