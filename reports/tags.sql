-- When was each tag and digest pulled first and last, how often, by how many, and what did the tag mean?
-- grain: one row per publisher, repository, level and reference
-- params: Granularity, Reference, the period's name; From, To, its bounds
with period_actions as (
    select
        namespace,
        repository,
        tag,
        digest,
        action,
        requested_at,
        coalesce(user_key, client_key) as puller_key
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
),

owners as (
    {{file "shared/owners.sql" .}}
),

targets as (
    {{file "shared/targets.sql" .}}
),

usage as (
    {{file "shared/usage.sql" .}}
),

-- All but the users follows from these, which are few.
counts as (
    select
        namespace,
        repository,
        tag,
        digest,
        min(case when action <> 'version_check' then requested_at end) as first_download,
        max(case when action <> 'version_check' then requested_at end) as last_download,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        count(*) as pulls
    from period_actions
    group by namespace, repository, tag, digest
),

-- Every action counts for its tag if it has one, and for its digest if one is known.
references_used as (
    select
        namespace,
        repository,
        'tag' as level,
        tag as reference,
        digest as counterpart,
        first_download,
        last_download,
        version_checks,
        pulls
    from counts
    where tag is not null
    union all
    select
        namespace,
        repository,
        'digest' as level,
        digest as reference,
        tag as counterpart,
        first_download,
        last_download,
        version_checks,
        pulls
    from counts
    where digest is not null
),

tag_users as (
    select
        targets.namespace,
        targets.repository,
        targets.tag,
        count(distinct usage.puller_key) as unique_users
    from usage
    inner join targets on usage.target_no = targets.target_no
    where targets.tag is not null
    group by targets.namespace, targets.repository, targets.tag
),

-- Numbers keep what is counted narrow.
digests as (
    select
        row_number() over (order by namespace, repository, digest) as digest_no,
        namespace,
        repository,
        digest
    from (
        select
            namespace,
            repository,
            digest
        from counts
        where digest is not null
        group by namespace, repository, digest
    ) as named
),

digest_pullers as (
    select
        digests.digest_no,
        period_actions.puller_key
    from period_actions
    inner join digests
        on period_actions.namespace = digests.namespace
        and period_actions.repository = digests.repository
        and period_actions.digest = digests.digest
    group by digests.digest_no, period_actions.puller_key
),

digest_totals as (
    select
        digest_no,
        count(*) as unique_users
    from digest_pullers
    group by digest_no
),

users as (
    select
        namespace,
        repository,
        'tag' as level,
        tag as reference,
        unique_users
    from tag_users
    union all
    select
        digests.namespace,
        digests.repository,
        'digest' as level,
        digests.digest as reference,
        digest_totals.unique_users
    from digest_totals
    inner join digests on digest_totals.digest_no = digests.digest_no
),

totals as (
    select
        namespace,
        repository,
        level,
        reference,
        substr(cast(min(first_download) as varchar), 1, 19) as first_download,
        substr(cast(max(last_download) as varchar), 1, 19) as last_download,
        cast(sum(version_checks) as bigint) as version_checks,
        cast(sum(pulls) as bigint) as pulls,
        {{list "counterpart" " "}} as counterparts
    from references_used
    group by namespace, repository, level, reference
),

final as (
    select
        owners.publisher_id,
        {{text .Granularity}} as date_granularity,
        {{text .Reference}} as date_reference,
        owners.publisher_name,
        totals.namespace || '/' || totals.repository as image_repository,
        totals.level,
        totals.reference,
        totals.first_download,
        totals.last_download,
        totals.pulls - totals.version_checks as data_downloads,
        totals.version_checks,
        totals.pulls,
        users.unique_users,
        totals.counterparts
    from totals
    inner join users
        on totals.namespace = users.namespace
        and totals.repository = users.repository
        and totals.level = users.level
        and totals.reference = users.reference
    inner join owners on totals.namespace = owners.namespace
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
