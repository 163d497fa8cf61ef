-- How many different users, clients and companies were there in any stretch of days?
-- grain: one row for all images together, then one per image
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 1000: how many rows at most
with actions as (
    select
        image_repository,
        user_key,
        client_key,
        company
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
),

-- Counted exactly for each image and once more for all: a user of two images is one user.
final as (
    select
        case when grouping(image_repository) = 1 then 'all of them' else image_repository end as image_repository,
        grouping(image_repository) as is_total,
        count(distinct coalesce(user_key, client_key)) as users,
        count(distinct user_key) as authenticated_users,
        count(distinct client_key) filter (where user_key is null) as clients_without_user,
        count(distinct company) as companies
    from actions
    group by grouping sets ((), (image_repository))
)

select
    image_repository,
    users,
    authenticated_users,
    clients_without_user,
    companies
from final
order by
    is_total desc,
    users desc,
    image_repository
limit $limit
