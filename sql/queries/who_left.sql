-- Which companies (or users) pulled in one stretch of days and no more in the next?
-- grain: one row per company or user that left, the heaviest first
-- param before = week before: the first stretch: all, newest week, week before, or days such as 2026-W38, 2026-08, 2026-09-01..2026-09-10
-- param after = newest week: the second stretch, likewise
-- param who = company: company, or user for the keys of users, who are clients where they have no user id
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 100: how many rows at most
with actions as (
    select
        image_repository,
        requested_at,
        action,
        case
            when $who = 'company' then company
            when $who = 'user' then cast(coalesce(user_key, client_key) as varchar)
            else error('who is company or user, not ' || $who)
        end as who
    from published_actions
    where image_repository glob $image
),

pulled_before as (
    select
        who,
        count(*) as downloads_before,
        count(distinct image_repository) as images_before,
        max(requested_at) as last_pulled_at
    from actions
    where requested_at >= span_begin($before)
        and requested_at < span_end($before)
        and action <> 'version_check'
        and who is not null
    group by who
),

-- Who still looks for new versions may come back.
seen_after as (
    select
        who,
        count(*) filter (where action <> 'version_check') as downloads_after,
        count(*) filter (where action = 'version_check') as version_checks_after
    from actions
    where requested_at >= span_begin($after)
        and requested_at < span_end($after)
        and who is not null
    group by who
),

final as (
    select
        pulled_before.who,
        pulled_before.downloads_before,
        pulled_before.images_before,
        pulled_before.last_pulled_at,
        coalesce(seen_after.version_checks_after, 0) as version_checks_after
    from pulled_before
    left join seen_after on pulled_before.who = seen_after.who
    where coalesce(seen_after.downloads_after, 0) = 0
)

select
    who,
    downloads_before,
    images_before,
    last_pulled_at,
    version_checks_after
from final
order by
    downloads_before desc,
    who
limit $limit
