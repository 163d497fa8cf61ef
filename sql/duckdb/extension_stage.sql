-- What do the columns of one batch of extension events say?
-- grain: one row per record of the batch; texts are still texts
-- params: Format, the rendered SQL of the input format; Timestamp, how its stamp is read
with formatted as (
    {{.Format}}
)

select
    source,
    line,
    {{column "reject" "cast(null as varchar)"}} as reject,
    {{.Timestamp}} as occurred_us,
    {{column "extension" "''"}} as extension,
    lower({{column "event" "''"}}) as event,
    -- In the form in which requests name their users, so that both get the same key.
    'u' || chr(31) || coalesce(nullif({{column "user_id" "''"}}, '-'), '') as user_text
from formatted
