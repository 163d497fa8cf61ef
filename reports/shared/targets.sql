-- What are the actions of the period about? Numbers keep what is counted narrow.
-- grain: one row per image and tag, or image without one
-- params: From, To, the period's bounds
with targets as (
    select
        namespace,
        repository,
        tag
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
    and "day" < cast({{timestamp .To}} as date)
    group by namespace, repository, tag
)

select
    cast(row_number() over (order by namespace, repository, tag nulls first) as integer) as target_no,
    cast(dense_rank() over (order by namespace, repository) as integer) as image_no,
    namespace,
    repository,
    tag
from targets
