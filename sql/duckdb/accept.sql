-- Add the accepted requests of the batch.
insert into requests
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
    request_key,
    cast(null as varchar) as stored_action,
    cast(null as integer) as stored_action_requests,
    cast(null as varchar) as stored_action_digest
from judged
where verdict = 'accepted'
