-- Who owns the namespaces with actions in the period?
-- grain: one row per namespace; one that nobody owns is its own publisher
-- params: From, To, the period's bounds
with namespaces as (
    select namespace
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
    and "day" < cast({{timestamp .To}} as date)
    group by namespace
),

publishers as (
    select
        namespace,
        publisher_id,
        publisher_name
    from {{table "publishers"}}
),

-- An unowned namespace may be called like the id of somebody else.
publisher_ids as (
    select publisher_id
    from publishers
    group by publisher_id
)

select
    namespaces.namespace,
    case
        when publishers.publisher_id is not null then publishers.publisher_id
        when publisher_ids.publisher_id is not null then '~' || namespaces.namespace
        else namespaces.namespace
    end as publisher_id,
    coalesce(publishers.publisher_name, namespaces.namespace) as publisher_name
from namespaces
left join publishers on namespaces.namespace = publishers.namespace
left join publisher_ids on namespaces.namespace = publisher_ids.publisher_id
