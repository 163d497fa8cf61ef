-- Which companies used which image in the period?
-- grain: one row per image and company
-- params: From, To, the period's bounds
with used as (
    select
        namespace,
        repository,
        company
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
    and "day" < cast({{timestamp .To}} as date)
        and company is not null
    group by namespace, repository, company
),

images as (
    {{file "shared/images.sql" .}}
)

select
    images.image_no,
    used.company
from used
inner join images
    on used.namespace = images.namespace
    and used.repository = images.repository
