-- How did the use of each image and tag develop, by country, cloud and client?
-- grain: one row per publisher, repository, country, cloud provider, client and tag
-- params: Granularity, Reference, the period's name; From, To, its bounds
with usage as (
    {{file "shared/usage.sql" .}}
),

targets as (
    {{file "shared/targets.sql" .}}
),

images as (
    {{file "shared/images.sql" .}}
),

client_kinds as (
    {{file "shared/client_kinds.sql" .}}
),

-- Texts come last: a row of usage has one user, or one client without.
counts as (
    select
        target_no,
        kind_no,
        cast(sum(version_checks) as bigint) as version_checks,
        cast(sum(pulls) as bigint) as pulls,
        count(case when is_authenticated then 1 end) as unique_authenticated_users,
        count(case when not is_authenticated then 1 end) as unique_unauthenticated_users
    from usage
    group by target_no, kind_no
),

final as (
    select
        images.publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        images.publisher_name,
        images.image_repository,
        images.namespace,
        client_kinds.country as ip_country,
        coalesce(client_kinds.cloud, 'no csp') as cloud_service_provider,
        client_kinds.tool as user_agent,
        coalesce(targets.tag, '\\N') as tag,
        counts.pulls - counts.version_checks as data_downloads,
        counts.version_checks,
        counts.pulls,
        counts.unique_authenticated_users,
        counts.unique_unauthenticated_users
    from counts
    inner join targets on counts.target_no = targets.target_no
    inner join images on targets.image_no = images.image_no
    inner join client_kinds on counts.kind_no = client_kinds.kind_no
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
