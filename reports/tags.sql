-- When was each tag and digest pulled first and last, how often, by how many, and what did the tag mean?
-- grain: one row per publisher, repository, level and reference
-- params: Granularity, Reference, the period's name; From, To, its bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        tag,
        digest,
        action,
        substr(cast(requested_at as varchar), 1, 19) as requested_at_second,
        coalesce(user_key, client_key) as puller_key
    from {{table "actions"}}
    where requested_at >= {{timestamp .From}}
        and requested_at < {{timestamp .To}}
),

-- Every action counts for its tag if it has one, and for its digest if one is known.
references_used as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        'tag' as level,
        tag as reference,
        digest as counterpart,
        action,
        requested_at_second,
        puller_key
    from actions
    where tag is not null
    union all
    select
        publisher_id,
        publisher_name,
        image_repository,
        'digest' as level,
        digest as reference,
        tag as counterpart,
        action,
        requested_at_second,
        puller_key
    from actions
    where digest is not null
),

final as (
    select
        publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        publisher_name,
        image_repository,
        level,
        reference,
        min(case when action <> 'version_check' then requested_at_second end) as first_download,
        max(case when action <> 'version_check' then requested_at_second end) as last_download,
        cast(count_if(action <> 'version_check') as bigint) as data_downloads,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        count(*) as pulls,
        count(distinct puller_key) as unique_users,
        {{list "counterpart" " "}} as counterparts
    from references_used
    group by
        publisher_id,
        publisher_name,
        image_repository,
        level,
        reference
)

select
    publisher_id,
    date_granularity,
    date_reference,
    publisher_name,
    image_repository,
    level,
    reference,
    first_download,
    last_download,
    data_downloads,
    version_checks,
    pulls,
    unique_users,
    counterparts
from final
order by
    publisher_id,
    image_repository,
    level,
    reference
