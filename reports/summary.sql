-- How often was each repository, tag and digest downloaded and checked in the period?
-- grain: one row per publisher, repository, level and reference
-- params: Granularity, Reference, the period's name; From, To, its bounds
-- Everything below counts these, which are few.
with period_actions as (
    select
        namespace,
        repository,
        tag,
        digest,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        count(*) as event_count
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
    group by namespace, repository, tag, digest
),

owners as (
    {{file "shared/owners.sql" .}}
),

-- Every action counts for its repository, for its tag if it has one, and for its
-- digest if one is known.
repository_counts as (
    select
        namespace,
        repository,
        1 as level_rank,
        'repository' as level,
        namespace || '/' || repository as reference,
        cast(sum(version_checks) as bigint) as version_checks,
        cast(sum(event_count) as bigint) as event_count
    from period_actions
    group by namespace, repository
),

tag_counts as (
    select
        namespace,
        repository,
        2 as level_rank,
        'tag' as level,
        tag as reference,
        cast(sum(version_checks) as bigint) as version_checks,
        cast(sum(event_count) as bigint) as event_count
    from period_actions
    where tag is not null
    group by namespace, repository, tag
),

digest_counts as (
    select
        namespace,
        repository,
        3 as level_rank,
        'digest' as level,
        digest as reference,
        cast(sum(version_checks) as bigint) as version_checks,
        cast(sum(event_count) as bigint) as event_count
    from period_actions
    where digest is not null
    group by namespace, repository, digest
),

counts as (
    select * from repository_counts
    union all
    select * from tag_counts
    union all
    select * from digest_counts
),

final as (
    select
        owners.publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        owners.publisher_name,
        counts.level,
        counts.reference,
        counts.event_count - counts.version_checks as data_downloads,
        counts.version_checks,
        counts.event_count,
        counts.namespace || '/' || counts.repository as image_repository,
        counts.level_rank
    from counts
    inner join owners on counts.namespace = owners.namespace
)

select
    publisher_id,
    date_granularity,
    date_reference,
    publisher_name,
    level,
    reference,
    data_downloads,
    version_checks,
    event_count,
    image_repository
from final
order by publisher_id, image_repository, level_rank, reference
