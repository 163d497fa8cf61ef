-- How did each image and tag do day by day?
-- grain: one row per publisher, day, repository and tag
-- params: Granularity, Reference, the period's name; From, To, its bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        cast("day" as varchar) as action_day,
        image_repository,
        coalesce(tag, '\\N') as tag,
        action,
        coalesce(user_key, client_key) as puller_key
    from {{table "actions"}}
    where requested_at >= {{timestamp .From}}
        and requested_at < {{timestamp .To}}
),

final as (
    select
        publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        publisher_name,
        action_day,
        image_repository,
        tag,
        cast(count_if(action <> 'version_check') as bigint) as data_downloads,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        count(*) as pulls,
        count(distinct puller_key) as unique_users
    from actions
    group by
        publisher_id,
        publisher_name,
        action_day,
        image_repository,
        tag
)

select
    publisher_id,
    date_granularity,
    date_reference,
    publisher_name,
    action_day,
    image_repository,
    tag,
    data_downloads,
    version_checks,
    pulls,
    unique_users
from final
order by
    publisher_id,
    action_day,
    image_repository,
    tag
