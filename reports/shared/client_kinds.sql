-- Which kinds of clients do the actions of the period come from?
-- grain: one row per country, cloud provider and tool
-- params: From, To, the period's bounds
with client_kinds as (
    select
        country,
        cloud,
        tool
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
    and "day" < cast({{timestamp .To}} as date)
    group by country, cloud, tool
)

select
    cast(row_number() over (order by country nulls first, cloud nulls first, tool nulls first) as integer) as kind_no,
    country,
    cloud,
    tool
from client_kinds
