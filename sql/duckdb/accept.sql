-- Add the requests that are accepted, as numbers; what is left out is of stored requests only.
insert into requests by name
select
    true as is_new,
    false as is_context,
    source,
    line,
    item,
    requested_us,
    is_head,
    by_tag,
    ip_key,
    image_id,
    digest_id,
    target_id,
    client_id,
    agent_id,
    user_id,
    0 as context_id,
    request_key
from coded(0)
