-- Which clients check for new versions much more often than they pull?
-- grain: one row per user (a client where there is no user id), the busiest first
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param min_checks = 20: version checks of a poller at least
-- param min_ratio = 10: version checks per download of a poller at least
-- param limit = 100: how many rows at most
with actions as (
    select
        coalesce(user_key, client_key) as puller_key,
        user_key is not null as has_user_id,
        image_repository,
        "day",
        action,
        tool
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
),

pullers as (
    select
        puller_key,
        has_user_id,
        min(tool) as tool,
        count(distinct tool) as tools,
        count(distinct image_repository) as images,
        count(distinct "day") as days,
        count(*) filter (where action = 'version_check') as version_checks,
        count(*) filter (where action <> 'version_check') as downloads
    from actions
    group by puller_key, has_user_id
),

final as (
    select
        puller_key,
        has_user_id,
        case when tools > 1 then tool || ' and others' else tool end as tool,
        images,
        version_checks,
        downloads,
        round(version_checks / days, 1) as checks_per_day
    from pullers
    where version_checks >= $min_checks
        and version_checks >= downloads * $min_ratio
)

select
    puller_key,
    has_user_id,
    tool,
    images,
    version_checks,
    downloads,
    checks_per_day
from final
order by
    version_checks desc,
    puller_key
limit $limit
