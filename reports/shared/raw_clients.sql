-- What is known about the clients of the period? Numbered in the order of raw.
-- grain: one row per combination of these facts
-- params: From, To, the period's bounds
with clients as (
    select
        ip_type,
        cloud,
        country,
        tool,
        tool_version,
        ip_domain
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
    group by ip_type, cloud, country, tool, tool_version, ip_domain
)

select
    cast(row_number() over (order by ip_type nulls first, coalesce(cloud, 'no csp'), country nulls first, tool nulls first, tool_version nulls first, ip_domain nulls first) as integer) as client_no,
    ip_type,
    cloud,
    country,
    tool,
    tool_version,
    ip_domain
from clients
