-- Which addresses asked for each reference in the period, and how often?
-- grain: one row per reference and address
-- params: From, To, the period's bounds
with period_actions as (
    select
        namespace,
        repository,
        reference,
        action,
        ip_key
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
),

image_references as (
    {{file "shared/references.sql" .}}
)

select
    image_references.reference_no,
    period_actions.ip_key,
    cast(count_if(period_actions.action = 'pull_by_tag') as bigint) as pulls_by_tag,
    cast(count_if(period_actions.action = 'pull_by_digest') as bigint) as pulls_by_digest,
    cast(count_if(period_actions.action = 'version_check') as bigint) as version_checks
from period_actions
inner join image_references
    on period_actions.namespace = image_references.namespace
    and period_actions.repository = image_references.repository
    and period_actions.reference = image_references.reference
group by image_references.reference_no, period_actions.ip_key
