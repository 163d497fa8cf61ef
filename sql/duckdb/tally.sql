-- Count what became of each record of the batch.
-- params: Stamp, the column with the stamps
insert into tallies
select
    source,
    verdict,
    coalesce(reason, '') as reason,
    count(*) as records,
    min({{.Stamp}}) as earliest_us,
    max({{.Stamp}}) as latest_us,
    min(line) as first_line
from judged
group by source, verdict, reason
