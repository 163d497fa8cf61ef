-- Which images are pulled most?
-- grain: one row per image
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 20: how many rows at most
with actions as (
    select
        image_repository,
        requested_at,
        action,
        company,
        coalesce(user_key, client_key) as puller_key
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
),

final as (
    select
        image_repository,
        count(*) filter (where action <> 'version_check') as downloads,
        count(*) filter (where action = 'version_check') as version_checks,
        count(distinct puller_key) as users,
        count(distinct company) as companies,
        max(requested_at) filter (where action <> 'version_check') as last_pulled_at
    from actions
    group by image_repository
)

select
    image_repository,
    downloads,
    version_checks,
    users,
    companies,
    last_pulled_at
from final
order by
    downloads desc,
    version_checks desc,
    image_repository
limit $limit
