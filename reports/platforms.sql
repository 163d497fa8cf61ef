-- On which operating systems and architectures do the clients of each image run?
-- grain: one row per publisher, repository, operating system and architecture
-- params: Granularity, Reference, the period's name; From, To, its bounds
with period_actions as (
    select
        namespace,
        repository,
        os,
        arch,
        action,
        coalesce(user_key, client_key) as puller_key
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
),

owners as (
    {{file "shared/owners.sql" .}}
),

-- Numbers keep what is counted narrow.
platforms as (
    select
        row_number() over (order by namespace, repository, os nulls first, arch nulls first) as platform_no,
        namespace,
        repository,
        os,
        arch
    from (
        select
            namespace,
            repository,
            os,
            arch
        from period_actions
        group by namespace, repository, os, arch
    ) as named
),

usage as (
    select
        platforms.platform_no,
        period_actions.puller_key,
        cast(count_if(period_actions.action = 'version_check') as bigint) as version_checks,
        count(*) as pulls
    from period_actions
    inner join platforms
        on period_actions.namespace = platforms.namespace
        and period_actions.repository = platforms.repository
        and period_actions.os is not distinct from platforms.os
        and period_actions.arch is not distinct from platforms.arch
    group by platforms.platform_no, period_actions.puller_key
),

counts as (
    select
        platform_no,
        cast(sum(version_checks) as bigint) as version_checks,
        cast(sum(pulls) as bigint) as pulls,
        count(*) as unique_users
    from usage
    group by platform_no
),

final as (
    select
        owners.publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        owners.publisher_name,
        platforms.namespace || '/' || platforms.repository as image_repository,
        platforms.os,
        platforms.arch,
        counts.pulls - counts.version_checks as data_downloads,
        counts.version_checks,
        counts.pulls,
        counts.unique_users
    from counts
    inner join platforms on counts.platform_no = platforms.platform_no
    inner join owners on platforms.namespace = owners.namespace
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
