-- Which actions may reach from the horizon into the day after it?
-- grain: one row per stored action that starts with the last or the last but one request of a sequence on the horizon
-- params: EndUs, the midnight after the horizon
with places as (
    select
        requests_ranked.request_no,
        classified.action,
        row_number() over (
            partition by requests_ranked.ip_key, requests_ranked.image_id
            order by
                requests_ranked.requested_us desc,
                requests_ranked.source_rank desc,
                requests_ranked.line desc,
                requests_ranked.item desc,
                requests_ranked.request_no desc
        ) as requests_left
    from requests_ranked
    inner join classified on requests_ranked.request_no = classified.request_no
    where requests_ranked.requested_us < {{.EndUs}}
)

select
    request_no,
    requests_left
from places
where action is not null
    and requests_left <= 2
