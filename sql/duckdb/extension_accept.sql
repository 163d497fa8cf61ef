-- Add the accepted extension events of the batch.
insert into extension_events
select
    source,
    line,
    occurred_us,
    namespace,
    extension,
    event,
    user_key
from judged
where verdict = 'accepted'
