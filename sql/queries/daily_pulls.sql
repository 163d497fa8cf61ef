-- How much was pulled and checked on each day, by how many?
-- grain: one row per day with actions
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
with actions as (
    select
        "day",
        action,
        image_repository,
        coalesce(user_key, client_key) as puller_key
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
),

final as (
    select
        "day",
        dayname("day") as weekday,
        count(*) filter (where action <> 'version_check') as downloads,
        count(*) filter (where action = 'version_check') as version_checks,
        count(distinct puller_key) as users,
        count(distinct image_repository) as images
    from actions
    group by "day"
)

select
    "day",
    weekday,
    downloads,
    version_checks,
    users,
    images
from final
order by "day"
