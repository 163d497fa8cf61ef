-- What do these stored requests say?
-- grain: one row per stored request; its values become texts, so that they go the way of new ones
-- params: Stored, a query on day files; Superseded, inputs whose requests are not read back
create or replace temp table stage as
select
    source as source_id,
    line,
    item,
    epoch_us(requested_at) as requested_us,
    method = 'HEAD' as is_head,
    's' || chr(31) || ip_key || chr(31) || client_key || chr(31) || coalesce(country, '') || chr(31) || coalesce(ip_type, '')
        || chr(31) || coalesce(ip_domain, '') || chr(31) || coalesce(cloud, '') || chr(31) || coalesce(cast(asn as varchar), '') as client,
    's' || chr(31) || namespace || chr(31) || repository || chr(31) || coalesce(tag, '')
        || chr(31) || coalesce(reference_digest, case when tag is null then digest end, '') as target,
    digest as digest_text,
    's' || chr(31) || coalesce(tool, '') || chr(31) || coalesce(tool_version, '') || chr(31) || coalesce(os, '') || chr(31) || coalesce(arch, '')
        || chr(31) || coalesce(role, '') as agent,
    's' || chr(31) || coalesce(cast(user_key as varchar), '') as user_text,
    coalesce(company, '') || chr(31) || coalesce(use_case, '') as context,
    request_key,
    action as stored_action,
    action_requests as stored_action_requests,
    action_digest as stored_action_digest
from (
    -- Days of an older version have no role.
    select cast(null as varchar) as role where false
    union all by name
    select * from (
    {{.Stored}}
    )
) as stored
where not list_contains({{texts .Superseded}}, source)
