-- On which operating systems and architectures do the clients of each image run?
-- grain: one row per publisher, repository, operating system and architecture
-- params: Granularity, Reference, the period's name; From, To, its bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        os,
        arch,
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
        image_repository,
        os,
        arch,
        cast(count_if(action <> 'version_check') as bigint) as data_downloads,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        count(*) as pulls,
        count(distinct puller_key) as unique_users
    from actions
    group by
        publisher_id,
        publisher_name,
        image_repository,
        os,
        arch
)

select
    publisher_id,
    date_granularity,
    date_reference,
    publisher_name,
    image_repository,
    os,
    arch,
    data_downloads,
    version_checks,
    pulls,
    unique_users
from final
order by
    publisher_id,
    image_repository,
    os nulls first,
    arch nulls first
