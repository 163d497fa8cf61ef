-- From which countries do the pulls come?
-- grain: one row per country, the most downloads first; NULL is unknown
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 300: how many rows at most
with actions as (
    select
        country,
        action,
        company,
        coalesce(user_key, client_key) as puller_key
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
),

counts as (
    select
        country,
        count(*) filter (where action <> 'version_check') as downloads,
        count(*) filter (where action = 'version_check') as version_checks,
        count(distinct puller_key) as users,
        count(distinct company) as companies
    from actions
    group by country
),

final as (
    select
        *,
        round(downloads / nullif(sum(downloads) over (), 0), 4) as share_of_downloads
    from counts
)

select
    country,
    downloads,
    share_of_downloads,
    version_checks,
    users,
    companies
from final
order by
    downloads desc,
    version_checks desc,
    country nulls last
limit $limit
