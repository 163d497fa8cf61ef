-- Which stored requests have another label now than in their file?
-- grain: one row per day with such requests
-- params: ContextOnly, whether to look at the context rows or at the others
select distinct
    cast(make_timestamp((requests.requested_us // 86400000000) * 86400000000) as date) as day
from requests
inner join classified on requests.rowid = classified.request_no
left join digests on classified.action_digest_id = digests.digest_id
where not requests.is_new
    and requests.is_context = {{.ContextOnly}}
    and (
        requests.stored_action is distinct from classified.action
        or requests.stored_action_requests is distinct from classified.action_requests
        or requests.stored_action_digest is distinct from digests.digest
    )
order by day
