-- Who used which image in the period, and how often?
-- grain: one row per image, and user or else client
-- params: From, To, the period's bounds
with usage as (
    {{file "shared/usage.sql" .}}
),

targets as (
    {{file "shared/targets.sql" .}}
)

select
    targets.image_no,
    usage.puller_key,
    cast(sum(usage.pulls) as bigint) as pulls
from usage
inner join targets on usage.target_no = targets.target_no
group by targets.image_no, usage.puller_key
