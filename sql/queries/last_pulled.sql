-- When was each image last pulled, and how many days is that before the newest request of all?
-- grain: one row per image, those never pulled first, then the longest forgotten
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 1000: how many rows at most
with actions as (
    select
        image_repository,
        requested_at,
        "day",
        action
    from published_actions
),

newest as (
    select max("day") as newest_day
    from actions
),

images as (
    select
        image_repository,
        max(requested_at) filter (where action <> 'version_check') as last_pulled_at,
        max(requested_at) filter (where action = 'version_check') as last_checked_at,
        count(*) filter (where action <> 'version_check') as downloads,
        count(*) filter (where action = 'version_check') as version_checks
    from actions
    where image_repository glob $image
    group by image_repository
),

final as (
    select
        images.image_repository,
        newest.newest_day - cast(images.last_pulled_at as date) as days_since,
        images.last_pulled_at,
        images.last_checked_at,
        images.downloads,
        images.version_checks
    from images
    cross join newest
)

select
    image_repository,
    days_since,
    last_pulled_at,
    last_checked_at,
    downloads,
    version_checks
from final
order by
    days_since desc nulls first,
    last_pulled_at,
    image_repository
limit $limit
