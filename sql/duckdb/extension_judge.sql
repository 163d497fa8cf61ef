-- Which records of the batch are extension events, and why are the others none?
-- grain: one row per record of the batch
-- params: MinUs and MaxUs, the range of possible stamps; LateUs and FutureUs, see stampLimits
create or replace temp table judged as
with joined as (
    select
        stage.source,
        stage.line,
        stage.reject,
        stage.occurred_us,
        stage.extension,
        stage.event,
        extension_names.namespace,
        users.user_key
    from stage
    left join extension_names on stage.extension = extension_names.extension
    left join users on stage.user_text = users.user_text
),

reasoned as (
    select
        *,
        case
            when reject is not null then reject
            when occurred_us is null then 'invalid_timestamp'
            when occurred_us < {{.MinUs}} or occurred_us >= {{.MaxUs}} then 'timestamp_out_of_range'
            when namespace is null then 'invalid_extension_name'
            when event is null or event not in ('install', 'uninstall', 'update', 'open') then 'invalid_event'
            when occurred_us < {{.LateUs}} then 'too_late'
            when occurred_us > {{.FutureUs}} then 'in_the_future'
        end as reason
    from joined
)

select
    source,
    line,
    0 as item,
    occurred_us,
    namespace,
    extension,
    event,
    user_key,
    case when reason is null then 'accepted' else 'rejected' end as verdict,
    reason
from reasoned
