-- Which actions are there? The requests that start one, with what the action as a whole tells.
create or replace view actions as
select
    "day",
    requested_at,
    namespace,
    repository,
    coalesce(tag, reference_digest, digest) as reference,
    tag,
    action_digest as digest,
    method,
    action,
    action_requests,
    ip_key,
    client_key,
    user_key,
    country,
    ip_type,
    ip_domain,
    cloud,
    asn,
    company,
    tool,
    tool_version,
    os,
    arch,
    role,
    use_case,
    source,
    line,
    item
from requests
where action is not null
