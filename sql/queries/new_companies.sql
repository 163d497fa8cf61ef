-- Which companies came for the first time?
-- grain: one row per company whose first action of all is in the period
-- param period = newest week: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 1000: how many rows at most
with actions as (
    select
        company,
        requested_at,
        image_repository,
        action,
        coalesce(user_key, client_key) as puller_key
    from published_actions
    where company is not null
        and image_repository glob $image
        and requested_at < span_end($period)
),

final as (
    select
        company,
        min(requested_at) as first_seen_at,
        min_by(image_repository, row(requested_at, image_repository)) as first_image,
        count(distinct image_repository) as images,
        count(*) filter (where action <> 'version_check') as downloads,
        count(*) filter (where action = 'version_check') as version_checks,
        count(distinct puller_key) as users
    from actions
    group by company
    having min(requested_at) >= span_begin($period)
)

select
    company,
    first_seen_at,
    first_image,
    images,
    downloads,
    version_checks,
    users
from final
order by
    first_seen_at,
    company
limit $limit
