-- How often was each repository, tag and digest downloaded and checked in the period?
-- grain: one row per publisher, repository, level and reference
-- params: Granularity, Reference, the period's name; From, To, its bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        tag,
        digest,
        action
    from {{table "actions"}}
    where requested_at >= {{timestamp .From}}
        and requested_at < {{timestamp .To}}
),

-- Every action counts for its repository, for its tag if it has one, and for its
-- digest if one is known.
repository_counts as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        1 as level_rank,
        'repository' as level,
        image_repository as reference,
        count_if(action <> 'version_check') as data_downloads,
        count_if(action = 'version_check') as version_checks,
        count(*) as event_count
    from actions
    group by publisher_id, publisher_name, image_repository
),

tag_counts as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        2 as level_rank,
        'tag' as level,
        tag as reference,
        count_if(action <> 'version_check') as data_downloads,
        count_if(action = 'version_check') as version_checks,
        count(*) as event_count
    from actions
    where tag is not null
    group by publisher_id, publisher_name, image_repository, tag
),

digest_counts as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        3 as level_rank,
        'digest' as level,
        digest as reference,
        count_if(action <> 'version_check') as data_downloads,
        count_if(action = 'version_check') as version_checks,
        count(*) as event_count
    from actions
    where digest is not null
    group by publisher_id, publisher_name, image_repository, digest
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
        publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        publisher_name,
        level,
        reference,
        cast(data_downloads as bigint) as data_downloads,
        cast(version_checks as bigint) as version_checks,
        event_count,
        image_repository,
        level_rank
    from counts
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
