-- At which hours of the week, UTC, is most going on?
-- grain: one row per hour of the week with actions, the busiest first
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 24: how many rows at most
with actions as (
    select
        isodow(requested_at) as weekday_no,
        dayname(requested_at) as weekday,
        hour(requested_at) as "hour",
        "day",
        action
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
),

final as (
    select
        weekday_no,
        weekday,
        "hour",
        count(distinct "day") as days,
        count(*) as actions,
        count(*) filter (where action <> 'version_check') as downloads,
        count(*) filter (where action = 'version_check') as version_checks
    from actions
    group by weekday_no, weekday, "hour"
)

select
    weekday,
    "hour",
    days,
    actions,
    downloads,
    version_checks
from final
order by
    actions desc,
    weekday_no,
    "hour"
limit $limit
