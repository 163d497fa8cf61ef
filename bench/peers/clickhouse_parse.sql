-- What do the lines of the log ask for?
-- grain: one row per accepted request; line is the order of the lines, digest_key 0 an unknown digest
-- params: path, the CSV file
-- Hashes make grouping and comparing cheap.
create table requests engine = Memory as
with if(digest = '' and not by_tag, reference, digest) as known_digest
select
    timestamp as requested_at,
    assumeNotNull(_row_number) as line,
    cityHash64(client_ip, image) as sequence_key,
    method = 'HEAD' or status = 304 as is_head,
    position(reference, ':') = 0 as by_tag,
    if(known_digest = '', 0, cityHash64(known_digest)) as digest_key
from
    file(
        {path:String},
        CSVWithNames,
        'timestamp DateTime64(6, \'UTC\'), client_ip IPv6, method LowCardinality(String), image LowCardinality(String), reference String, digest String, status UInt16'
    )
where status between 200 and 399 and method in ('HEAD', 'GET')
