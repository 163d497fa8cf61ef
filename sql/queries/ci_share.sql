-- Which share of each image's downloads comes from CI, from production and from people's machines?
-- grain: one row per image, the most downloaded first
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 100: how many rows at most
with downloads as (
    select
        image_repository,
        use_case
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
        and action <> 'version_check'
),

final as (
    select
        image_repository,
        count(*) as downloads,
        round(count(*) filter (where use_case = 'CI/CD') / count(*), 4) as ci_share,
        round(count(*) filter (where use_case = 'Prod') / count(*), 4) as prod_share,
        round(count(*) filter (where use_case = 'Local Dev') / count(*), 4) as local_dev_share,
        round(count(*) filter (where use_case = 'Unknown') / count(*), 4) as unknown_share
    from downloads
    group by image_repository
)

select
    image_repository,
    downloads,
    ci_share,
    prod_share,
    local_dev_share,
    unknown_share
from final
order by
    downloads desc,
    image_repository
limit $limit
