-- What do the lines of the log ask for?
-- grain: one row per accepted request; rowid is the order of the lines
-- params: $path, the CSV file
create table requests as
with accepted as (
    select
        "timestamp" as requested_at,
        client_ip,
        image,
        method = 'HEAD' or status = 304 as is_head,
        not contains(reference, ':') as by_tag,
        case when digest is null and contains(reference, ':') then reference else digest end as digest
    from
        read_csv(
            $path,
            types = {
                'timestamp': 'timestamp', 'client_ip': 'varchar', 'method': 'varchar', 'image': 'varchar',
                'reference': 'varchar', 'digest': 'varchar', 'status': 'smallint'
            }
        )
    where status between 200 and 399 and method in ('HEAD', 'GET')
)

-- Hashes make sorting and comparing cheap.
select
    requested_at,
    hash(client_ip, image) as sequence_key,
    is_head,
    by_tag,
    case when digest is not null then hash(digest) end as digest_key
from accepted
