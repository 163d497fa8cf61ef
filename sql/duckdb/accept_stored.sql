-- Put the stored requests beside the new ones.
-- params: IsContext, whether they only serve to judge others
insert into requests
select
    false as is_new,
    {{.IsContext}} as is_context,
    sources.source,
    stage.line,
    stage.item,
    stage.requested_us,
    stage.is_head,
    targets.tag is not null as by_tag,
    clients.ip_key,
    targets.image_id,
    digest_texts.digest_id,
    targets.target_id,
    clients.client_id,
    agents.agent_id,
    users.user_id,
    contexts.context_id,
    stage.request_key,
    stage.stored_action,
    stage.stored_action_requests,
    stage.stored_action_digest
from stage
inner join sources on stage.source_id = sources.source_id
inner join targets on stage.target = targets.target
inner join clients on stage.client = clients.client
inner join agents on stage.agent = agents.agent
inner join users on stage.user_text = users.user_text
inner join contexts on stage.context = contexts.context
left join digest_texts on stage.digest_text = digest_texts.digest_text
