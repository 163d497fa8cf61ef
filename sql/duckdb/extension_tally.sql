-- Count what became of each extension event of the batch.
insert into tallies
select
    source,
    verdict,
    coalesce(reason, '') as reason,
    count(*) as records,
    min(occurred_us) as earliest_us,
    max(occurred_us) as latest_us,
    min(line) as first_line
from judged
group by source, verdict, reason
