-- Which records of the batch are requests, and why are the others none?
-- grain: one row per record of the batch
-- params: MinUs and MaxUs, the range of possible stamps; PrunedUs, LateUs and FutureUs, see stampLimits
-- The order of the reasons is that of SEMANTICS §1: unreadable, ignored, rejected.
create or replace temp table judged as
with joined as (
    select
        stage.source,
        stage.line,
        stage.item,
        stage.requested_us,
        stage.method,
        stage.status,
        stage.is_head,
        stage.reject,
        stage.ignore,
        stage.request_key,
        targets.ignored as target_ignored,
        targets.rejected as target_rejected,
        targets.target_id,
        targets.image_id,
        targets.tag,
        targets.reference_digest_id,
        digest_texts.digest_id as logged_digest_id,
        clients.client_id,
        clients.ip_key,
        clients.rejected as client_rejected,
        agents.agent_id,
        users.user_id
    from stage
    left join targets on stage.target = targets.target
    left join clients on stage.client = clients.client
    left join agents on stage.agent = agents.agent
    left join users on stage.user_text = users.user_text
    left join digest_texts on stage.digest_text = digest_texts.digest_text
)

select
    source,
    line,
    item,
    requested_us,
    is_head,
    tag is not null as by_tag,
    ip_key,
    image_id,
    coalesce(logged_digest_id, reference_digest_id) as digest_id,
    target_id,
    client_id,
    agent_id,
    user_id,
    request_key,
    case
        when reject is not null then 'rejected'
        when ignore is not null or target_ignored = 'other_path' then 'ignored'
        when method not in ('HEAD', 'GET') and method <> '' then 'ignored'
        when status < 200 or status >= 400 then 'ignored'
        when target_ignored is not null then 'ignored'
        when requested_us >= {{.MinUs}} and requested_us < {{.PrunedUs}} then 'ignored'
        when method is null or method = '' or status is null or requested_us is null then 'rejected'
        when requested_us < {{.MinUs}} or requested_us >= {{.MaxUs}} then 'rejected'
        when client_rejected is not null or target_rejected is not null then 'rejected'
        when requested_us < {{.LateUs}} or requested_us > {{.FutureUs}} then 'rejected'
        else 'accepted'
    end as verdict,
    case
        when reject is not null then reject
        when ignore is not null then ignore
        when target_ignored = 'other_path' then target_ignored
        when method not in ('HEAD', 'GET') and method <> '' then 'other_method'
        when status < 200 or status >= 400 then 'status'
        when target_ignored is not null then target_ignored
        when requested_us >= {{.MinUs}} and requested_us < {{.PrunedUs}} then 'pruned'
        when method is null or method = '' then 'invalid_method'
        when status is null then 'invalid_status'
        when requested_us is null then 'invalid_timestamp'
        when requested_us < {{.MinUs}} or requested_us >= {{.MaxUs}} then 'timestamp_out_of_range'
        when client_rejected is not null then client_rejected
        when target_rejected is not null then target_rejected
        when requested_us < {{.LateUs}} then 'too_late'
        when requested_us > {{.FutureUs}} then 'in_the_future'
    end as reason
from joined
