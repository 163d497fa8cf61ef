-- What do the actions of the period tell, beside when and from where? Numbered in the order of raw.
-- grain: one row per image, reference, digest, tag, method and action
-- params: From, To, the period's bounds
with targets as (
    select
        namespace,
        repository,
        reference,
        digest,
        tag,
        method,
        action
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
    group by namespace, repository, reference, digest, tag, method, action
),

owners as (
    {{file "shared/owners.sql" .}}
)

select
    cast(dense_rank() over (order by owners.publisher_id) as integer) as publisher_no,
    cast(row_number() over (order by targets.namespace, targets.repository, targets.reference, targets.digest nulls first, targets.tag nulls first, targets.method, targets.action) as integer) as target_no,
    owners.publisher_id,
    owners.publisher_name,
    targets.namespace,
    targets.repository,
    targets.reference,
    targets.digest,
    targets.tag,
    targets.method,
    targets.action
from targets
inner join owners on targets.namespace = owners.namespace
