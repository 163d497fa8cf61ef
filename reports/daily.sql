-- How did each image and tag do day by day?
-- grain: one row per publisher, day, repository and tag
-- params: Granularity, Reference, the period's name; From, To, its bounds
with period_actions as (
    select
        "day",
        namespace,
        repository,
        tag,
        action,
        coalesce(user_key, client_key) as puller_key
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
),

targets as (
    {{file "shared/targets.sql" .}}
),

images as (
    {{file "shared/images.sql" .}}
),

-- A user counts once for a day, image and tag.
usage as (
    select
        period_actions."day",
        targets.target_no,
        period_actions.puller_key,
        cast(count_if(period_actions.action = 'version_check') as bigint) as version_checks,
        count(*) as pulls
    from period_actions
    inner join targets
        on period_actions.namespace = targets.namespace
        and period_actions.repository = targets.repository
        and period_actions.tag is not distinct from targets.tag
    group by period_actions."day", targets.target_no, period_actions.puller_key
),

counts as (
    select
        "day",
        target_no,
        cast(sum(version_checks) as bigint) as version_checks,
        cast(sum(pulls) as bigint) as pulls,
        count(*) as unique_users
    from usage
    group by "day", target_no
),

final as (
    select
        images.publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        images.publisher_name,
        cast(counts."day" as varchar) as action_day,
        images.image_repository,
        coalesce(targets.tag, '\\N') as tag,
        counts.pulls - counts.version_checks as data_downloads,
        counts.version_checks,
        counts.pulls,
        counts.unique_users
    from counts
    inner join targets on counts.target_no = targets.target_no
    inner join images on targets.image_no = images.image_no
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
