-- How much of the use of each image comes from its few heaviest users?
-- grain: one row per publisher and repository; no user is told from another
-- params: Granularity, Reference, the period's name; From, To, its bounds
with images as (
    {{file "shared/images.sql" .}}
),

image_pullers as (
    {{file "shared/image_pullers.sql" .}}
),

pullers_ranked as (
    select
        image_no,
        pulls,
        row_number() over (partition by image_no order by pulls desc, puller_key) as place
    from image_pullers
),

totals as (
    select
        image_no,
        count(*) as users,
        cast(sum(pulls) as bigint) as pulls,
        cast(sum(case when place <= 1 then pulls else 0 end) as bigint) as top_1_pulls,
        cast(sum(case when place <= 10 then pulls else 0 end) as bigint) as top_10_pulls,
        cast(sum(case when place <= 100 then pulls else 0 end) as bigint) as top_100_pulls
    from pullers_ranked
    group by image_no
),

final as (
    select
        images.publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        images.publisher_name,
        images.image_repository,
        totals.users,
        totals.pulls,
        {{share "totals.top_1_pulls" "totals.pulls"}} as pct_top_1,
        {{share "totals.top_10_pulls" "totals.pulls"}} as pct_top_10,
        {{share "totals.top_100_pulls" "totals.pulls"}} as pct_top_100
    from totals
    inner join images on totals.image_no = images.image_no
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
