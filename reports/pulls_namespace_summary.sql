-- How often was each namespace pulled and checked, and from how many addresses?
-- grain: one row per publisher, namespace
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

namespaces as (
    select
        namespace_no,
        namespace
    from image_references
    group by namespace_no, namespace
),

counts as (
    select
        image_references.namespace_no,
        count(distinct addresses.ip_key) as unique_ip_addresses,
        cast(sum(addresses.pulls_by_tag) as bigint) as pulls_by_tag,
        cast(sum(addresses.pulls_by_digest) as bigint) as pulls_by_digest,
        cast(sum(addresses.version_checks) as bigint) as version_checks
    from addresses
    inner join image_references on addresses.reference_no = image_references.reference_no
    group by image_references.namespace_no
),

final as (
    select
        owners.publisher_id,
        namespaces.namespace,
        counts.unique_ip_addresses,
        counts.pulls_by_tag,
        counts.pulls_by_digest,
        counts.version_checks,
        owners.publisher_name as owner
    from counts
    inner join namespaces on counts.namespace_no = namespaces.namespace_no
    inner join owners on namespaces.namespace = owners.namespace
)

select
    publisher_id,
    namespace,
    unique_ip_addresses,
    pulls_by_tag,
    pulls_by_digest,
    version_checks,
    owner
from final
order by
    publisher_id,
    namespace
