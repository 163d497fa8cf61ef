-- Which requests may continue pruned ones, so that nothing can prove their labels?
-- grain: one row per request of the unbroken stretches that begin at the horizon's first midnight
-- params: HorizonUs, that midnight; WindowMicroseconds
-- A HEAD always starts an action, whatever came before it.
with neighbours as (
    select
        request_no,
        ip_key,
        image_id,
        requested_us,
        source_rank,
        line,
        item,
        is_head,
        coalesce(lag(requested_us) over sequence, {{.HorizonUs}} - 1) as previous_requested_us
    from requests_ranked
    window sequence as (
        partition by ip_key, image_id
        order by requested_us, source_rank, line, item, request_no
    )
),

certain as (
    select
        request_no,
        requested_us,
        count(case when is_head or requested_us - previous_requested_us > {{.WindowMicroseconds}} then 1 end) over (
            partition by ip_key, image_id
            order by requested_us, source_rank, line, item, request_no
            rows between unbounded preceding and current row
        ) as certain_starts
    from neighbours
)

select
    request_no,
    requested_us
from certain
where certain_starts = 0
