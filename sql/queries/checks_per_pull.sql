-- How many version checks come with each download of an image?
-- grain: one row per image, the most checked first
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 100: how many rows at most
with actions as (
    select
        image_repository,
        action
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
),

counts as (
    select
        image_repository,
        count(*) filter (where action = 'version_check') as version_checks,
        count(*) filter (where action <> 'version_check') as downloads
    from actions
    group by image_repository
),

final as (
    select
        image_repository,
        version_checks,
        downloads,
        -- NULL for images that were only looked at.
        round(version_checks / nullif(downloads, 0), 2) as checks_per_pull
    from counts
)

select
    image_repository,
    version_checks,
    downloads,
    checks_per_pull
from final
order by
    checks_per_pull desc nulls last,
    version_checks desc,
    image_repository
limit $limit
