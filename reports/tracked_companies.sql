-- How do companies use each image: from where, with which client, for what?
-- grain: one row per publisher, company, country, cloud provider, client, use case and repository
-- params: Granularity, Reference, the period's name; From, To, its bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        company as domain,
        country as ip_country,
        coalesce(cloud, 'no csp') as cloud_service_provider,
        tool as user_agent,
        coalesce(use_case, 'Unknown') as inferred_use_case,
        image_repository,
        action,
        user_key
    from {{table "actions"}}
    where requested_at >= {{timestamp .From}}
        and requested_at < {{timestamp .To}}
        and company is not null
),

tracked_companies as (
    select
        publisher_id,
        domain
    from {{table "tracked_companies"}}
),

-- A publisher without a list tracks all companies.
lists as (
    select publisher_id
    from tracked_companies
    group by publisher_id
),

final as (
    select
        actions.publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        actions.publisher_name,
        actions.domain,
        actions.ip_country,
        actions.cloud_service_provider,
        actions.user_agent,
        actions.inferred_use_case,
        actions.image_repository,
        cast(count_if(actions.action <> 'version_check') as bigint) as data_downloads,
        cast(count_if(actions.action = 'version_check') as bigint) as version_checks,
        count(*) as pulls,
        count(distinct actions.user_key) as unique_authenticated_users
    from actions
    left join lists on actions.publisher_id = lists.publisher_id
    left join tracked_companies
        on actions.publisher_id = tracked_companies.publisher_id
        and actions.domain = tracked_companies.domain
    where lists.publisher_id is null
        or tracked_companies.domain is not null
    group by
        actions.publisher_id,
        actions.publisher_name,
        actions.domain,
        actions.ip_country,
        actions.cloud_service_provider,
        actions.user_agent,
        actions.inferred_use_case,
        actions.image_repository
)

select
    publisher_id,
    date_granularity,
    date_reference,
    publisher_name,
    domain,
    ip_country,
    cloud_service_provider,
    user_agent,
    inferred_use_case,
    image_repository,
    data_downloads,
    version_checks,
    pulls,
    unique_authenticated_users
from final
order by
    publisher_id,
    domain,
    ip_country nulls first,
    cloud_service_provider,
    user_agent nulls first,
    inferred_use_case,
    image_repository
