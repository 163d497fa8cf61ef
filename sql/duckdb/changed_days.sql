-- Which days hold something other than what is stored?
-- grain: one row per day among the loaded requests
-- params: ContextOnly, whether to look at the context rows or at the others
select
    cast(make_timestamp((requests.requested_us // 86400000000) * 86400000000) as date) as day,
    count(*) as requests,
    count(classified.action) as actions,
    bool_or(
        requests.is_new
        or requests.stored_action is distinct from classified.action
        or requests.stored_action_requests is distinct from classified.action_requests
        or requests.stored_action_digest is distinct from digests.digest
    ) as is_changed
from requests
inner join classified on requests.rowid = classified.request_no
left join digests on classified.action_digest_id = digests.digest_id
where requests.is_context = {{.ContextOnly}}
group by requests.requested_us // 86400000000
order by day
