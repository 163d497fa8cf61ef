-- Which requests repeat a request id of the same UTC day?
-- grain: one row per request that shares its id; place 1 is the one that stays
-- The one that stays is the first in input order, whenever it was loaded.
create or replace temp table duplicates as
with keyed as (
    select
        requests.rowid as request_no,
        requests.is_new,
        requests.source,
        requests.line,
        requests.item,
        requests.requested_us // 86400000000 as day_no,
        requests.request_key
    from requests
    where requests.request_key is not null
        and not requests.is_context
),

repeated as (
    select
        day_no,
        request_key,
        bool_or(not is_new) as is_stored
    from keyed
    group by day_no, request_key
    having count(*) > 1
)

select
    keyed.request_no,
    keyed.is_new,
    keyed.source,
    repeated.is_stored,
    row_number() over (
        partition by keyed.day_no, keyed.request_key
        order by sources.source_rank, keyed.line, keyed.item
    ) as place,
    row_number() over (
        partition by keyed.day_no, keyed.request_key, keyed.is_new
        order by sources.source_rank, keyed.line, keyed.item
    ) as place_among_new
from keyed
inner join repeated
    on keyed.day_no = repeated.day_no
    and keyed.request_key = repeated.request_key
inner join sources on keyed.source = sources.source
