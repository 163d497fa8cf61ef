-- How often was each tag and digest pulled and checked, and from how many addresses?
-- grain: one row per publisher, namespace, repository and reference
-- params: From, To, the period's bounds
with addresses as (
    {{file "shared/reference_addresses.sql" .}}
),

image_references as (
    {{file "shared/references.sql" .}}
),

owners as (
    {{file "shared/owners.sql" .}}
),

counts as (
    select
        addresses.reference_no,
        count(*) as unique_ip_addresses,
        cast(sum(addresses.pulls_by_tag) as bigint) as pulls_by_tag,
        cast(sum(addresses.pulls_by_digest) as bigint) as pulls_by_digest,
        cast(sum(addresses.version_checks) as bigint) as version_checks
    from addresses
    group by addresses.reference_no
),

final as (
    select
        owners.publisher_id,
        image_references.namespace,
        image_references.repository,
        image_references.reference,
        counts.unique_ip_addresses,
        counts.pulls_by_tag,
        counts.pulls_by_digest,
        counts.version_checks,
        owners.publisher_name as owner
    from counts
    inner join image_references on counts.reference_no = image_references.reference_no
    inner join owners on image_references.namespace = owners.namespace
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
