-- How often was each tag and digest pulled and checked, and from how many addresses?
-- grain: one row per publisher, namespace, repository and reference
-- params: From, To, the period's bounds
with actions as (
    select
        publisher_id,
        publisher_name,
        namespace,
        repository,
        reference,
        action,
        ip_key
    from {{table "actions"}}
    where requested_at >= {{timestamp .From}}
        and requested_at < {{timestamp .To}}
),

final as (
    select
        publisher_id,
        namespace,
        repository,
        reference,
        count(distinct ip_key) as unique_ip_addresses,
        cast(count_if(action = 'pull_by_tag') as bigint) as pulls_by_tag,
        cast(count_if(action = 'pull_by_digest') as bigint) as pulls_by_digest,
        cast(count_if(action = 'version_check') as bigint) as version_checks,
        publisher_name as owner
    from actions
    group by
        publisher_id,
        publisher_name,
        namespace,
        repository,
        reference
)

select
    publisher_id,
    namespace,
    repository,
    reference,
    unique_ip_addresses,
    pulls_by_tag,
    pulls_by_digest,
    version_checks,
    owner
from final
order by
    publisher_id,
    namespace,
    repository,
    reference
