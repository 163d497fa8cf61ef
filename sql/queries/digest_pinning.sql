-- Which share of each image's downloads is by digest, and so safe from tags that move?
-- grain: one row per image, the most downloaded first
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 100: how many rows at most
with downloads as (
    select
        image_repository,
        action,
        coalesce(user_key, client_key) as puller_key
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
        count(*) filter (where action = 'pull_by_digest') as by_digest,
        round(count(*) filter (where action = 'pull_by_digest') / count(*), 4) as share_by_digest,
        count(distinct puller_key) filter (where action = 'pull_by_digest') as users_by_digest,
        count(distinct puller_key) as users
    from downloads
    group by image_repository
)

select
    image_repository,
    downloads,
    by_digest,
    share_by_digest,
    users_by_digest,
    users
from final
order by
    downloads desc,
    image_repository
limit $limit
