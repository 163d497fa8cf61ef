-- How much of the use of each image comes from its few heaviest users?
-- grain: one row per publisher and repository; no user is told from another
-- params: Granularity, Reference, the period's name; From, To, its bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        coalesce(user_key, client_key) as puller_key
    from {{table "actions"}}
    where requested_at >= {{timestamp .From}}
        and requested_at < {{timestamp .To}}
),

user_pulls as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        puller_key,
        count(*) as pulls
    from actions
    group by publisher_id, publisher_name, image_repository, puller_key
),

users_ranked as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        pulls,
        row_number() over (partition by image_repository order by pulls desc, puller_key) as place
    from user_pulls
),

totals as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        count(*) as users,
        cast(sum(pulls) as bigint) as pulls,
        cast(sum(case when place <= 1 then pulls else 0 end) as bigint) as top_1_pulls,
        cast(sum(case when place <= 10 then pulls else 0 end) as bigint) as top_10_pulls,
        cast(sum(case when place <= 100 then pulls else 0 end) as bigint) as top_100_pulls
    from users_ranked
    group by publisher_id, publisher_name, image_repository
),

final as (
    select
        publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        publisher_name,
        image_repository,
        users,
        pulls,
        {{share "top_1_pulls" "pulls"}} as pct_top_1,
        {{share "top_10_pulls" "pulls"}} as pct_top_10,
        {{share "top_100_pulls" "pulls"}} as pct_top_100
    from totals
)

select
    publisher_id,
    date_granularity,
    date_reference,
    publisher_name,
    image_repository,
    users,
    pulls,
    pct_top_1,
    pct_top_10,
    pct_top_100
from final
order by
    publisher_id,
    image_repository
