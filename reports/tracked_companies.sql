-- How do companies use each image: from where, with which client, for what?
-- grain: one row per publisher, company, country, cloud provider, client, use case and repository
-- params: Granularity, Reference, the period's name; From, To, its bounds
with counts as (
    select
        namespace,
        repository,
        company,
        country,
        cloud,
        tool,
        coalesce(use_case, 'Unknown') as use_case,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        count(*) as pulls,
        count(distinct user_key) as unique_authenticated_users
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
        and company is not null
    group by namespace, repository, company, country, cloud, tool, coalesce(use_case, 'Unknown')
),

owners as (
    {{file "shared/owners.sql" .}}
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
        owners.publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        owners.publisher_name,
        counts.company as domain,
        counts.country as ip_country,
        coalesce(counts.cloud, 'no csp') as cloud_service_provider,
        counts.tool as user_agent,
        counts.use_case as inferred_use_case,
        counts.namespace || '/' || counts.repository as image_repository,
        counts.pulls - counts.version_checks as data_downloads,
        counts.version_checks,
        counts.pulls,
        counts.unique_authenticated_users
    from counts
    inner join owners on counts.namespace = owners.namespace
    left join lists on owners.publisher_id = lists.publisher_id
    left join tracked_companies
        on owners.publisher_id = tracked_companies.publisher_id
        and counts.company = tracked_companies.domain
    where lists.publisher_id is null
        or tracked_companies.domain is not null
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
