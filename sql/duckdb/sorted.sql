-- In which order do the requests lie in the lake?
-- grain: one row per request of a day that is rebuilt; ids only, so that the sort is narrow
create or replace table sorted as
with images_ranked as (
    select
        image_id,
        row_number() over (order by namespace, repository) as image_rank
    from images
)

select
    cast(requests.requested_us // 86400000000 as integer) as day_no,
    requests.requested_us,
    requests.is_head,
    requests.image_id,
    requests.target_id,
    requests.digest_id,
    requests.client_id,
    requests.agent_id,
    requests.user_id,
    requests.context_id,
    requests.request_key,
    requests.source,
    requests.line,
    requests.item,
    classified.action,
    classified.action_requests,
    classified.action_digest_id
from requests
inner join classified on requests.rowid = classified.request_no
inner join sources on requests.source = sources.source
inner join images_ranked on requests.image_id = images_ranked.image_id
where not requests.is_context
order by
    day_no,
    images_ranked.image_rank,
    requests.ip_key,
    requests.requested_us,
    sources.source_rank,
    requests.line,
    requests.item
