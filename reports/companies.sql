-- Which companies use the publisher's images, since when, how much and for what?
-- grain: one row per publisher and company
-- params: Granularity, Reference, the period's name; From, To, its bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        company as domain,
        substr(cast(requested_at as varchar), 1, 19) as requested_at_second,
        image_repository,
        coalesce(use_case, 'Unknown') as use_case,
        action,
        coalesce(user_key, client_key) as puller_key
    from {{table "actions"}}
    where requested_at >= {{timestamp .From}}
        and requested_at < {{timestamp .To}}
        and company is not null
),

final as (
    select
        publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        publisher_name,
        domain,
        min(requested_at_second) as first_seen,
        max(requested_at_second) as last_seen,
        count(distinct image_repository) as images,
        cast(count_if(action <> 'version_check') as bigint) as data_downloads,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        count(*) as pulls,
        count(distinct puller_key) as unique_users,
        {{list "use_case" ", "}} as use_cases
    from actions
    group by
        publisher_id,
        publisher_name,
        domain
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
