-- Which references do the actions of the period ask for? Numbers keep what is counted narrow.
-- grain: one row per image and tag or digest
-- params: From, To, the period's bounds
with image_references as (
    select
        namespace,
        repository,
        reference
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
    and "day" < cast({{timestamp .To}} as date)
    group by namespace, repository, reference
)

select
    cast(row_number() over (order by namespace, repository, reference) as integer) as reference_no,
    cast(dense_rank() over (order by namespace, repository) as integer) as image_no,
    cast(dense_rank() over (order by namespace) as integer) as namespace_no,
    namespace,
    repository,
    reference
from image_references
