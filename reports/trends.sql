-- How did the use of each image and tag develop, by country, cloud and client?
-- grain: one row per publisher, repository, country, cloud provider, client and tag
-- params: Granularity, Reference, the period's name; From, To, its bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        namespace,
        country as ip_country,
        coalesce(cloud, 'no csp') as cloud_service_provider,
        tool as user_agent,
        coalesce(tag, '\\N') as tag,
        action,
        user_key,
        client_key
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
        namespace,
        ip_country,
        cloud_service_provider,
        user_agent,
        tag,
        cast(count_if(action <> 'version_check') as bigint) as data_downloads,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        count(*) as pulls,
        count(distinct user_key) as unique_authenticated_users,
        count(distinct case when user_key is null then client_key end) as unique_unauthenticated_users
    from actions
    group by
        publisher_id,
        publisher_name,
        image_repository,
        namespace,
        ip_country,
        cloud_service_provider,
        user_agent,
        tag
)

select
    publisher_id,
    date_granularity,
    date_reference,
    publisher_name,
    image_repository,
    namespace,
    ip_country,
    cloud_service_provider,
    user_agent,
    tag,
    data_downloads,
    version_checks,
    pulls,
    unique_authenticated_users,
    unique_unauthenticated_users
from final
order by
    publisher_id,
    image_repository,
    namespace,
    ip_country nulls first,
    cloud_service_provider,
    user_agent nulls first,
    tag
