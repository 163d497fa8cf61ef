-- Which companies use the publisher's images, since when, how much and for what?
-- grain: one row per publisher and company
-- params: Granularity, Reference, the period's name; From, To, its bounds
with usage as (
    select
        namespace,
        repository,
        company,
        coalesce(use_case, 'Unknown') as use_case,
        coalesce(user_key, client_key) as puller_key,
        min(requested_at) as first_seen,
        max(requested_at) as last_seen,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        count(*) as pulls
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
        and company is not null
    group by namespace, repository, company, coalesce(use_case, 'Unknown'), coalesce(user_key, client_key)
),

owners as (
    {{file "shared/owners.sql" .}}
),

final as (
    select
        owners.publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        owners.publisher_name,
        usage.company as domain,
        substr(cast(min(usage.first_seen) as varchar), 1, 19) as first_seen,
        substr(cast(max(usage.last_seen) as varchar), 1, 19) as last_seen,
        count(distinct usage.namespace || '/' || usage.repository) as images,
        cast(sum(usage.pulls) - sum(usage.version_checks) as bigint) as data_downloads,
        cast(sum(usage.version_checks) as bigint) as version_checks,
        cast(sum(usage.pulls) as bigint) as pulls,
        count(distinct usage.puller_key) as unique_users,
        {{list "usage.use_case" ", "}} as use_cases
    from usage
    inner join owners on usage.namespace = owners.namespace
    group by owners.publisher_id, owners.publisher_name, usage.company
)

select
    publisher_id,
    date_granularity,
    date_reference,
    publisher_name,
    domain,
    first_seen,
    last_seen,
    images,
    data_downloads,
    version_checks,
    pulls,
    unique_users,
    use_cases
from final
order by
    publisher_id,
    domain
