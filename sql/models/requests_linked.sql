-- Which requests may continue the request before them?
-- grain: one row per request
-- params: WindowMicroseconds, how far apart two requests may be and still belong together
with requests as (
    select
        request_no,
        ip_key,
        image_id,
        requested_us,
        source_rank,
        line,
        item,
        is_head,
        by_tag,
        digest_id
    from {{table "requests"}}
),

-- A sequence is what one address asks of one repository, in order. Equal stamps are
-- common in logs with whole seconds: then the position in the input decides.
neighbours as (
    select
        request_no,
        ip_key,
        image_id,
        requested_us,
        is_head,
        by_tag,
        digest_id,
        row_number() over sequence as position,
        lag(requested_us) over sequence as previous_requested_us,
        lag(is_head) over sequence as previous_is_head,
        lag(digest_id) over sequence as previous_digest_id
    from requests
    window sequence as (
        partition by ip_key, image_id
        order by requested_us, source_rank, line, item, request_no
    )
),

-- An unknown digest counts as whichever continues the action.
compared as (
    select
        request_no,
        ip_key,
        image_id,
        requested_us,
        position,
        is_head,
        by_tag,
        digest_id,
        coalesce(requested_us - previous_requested_us <= {{.WindowMicroseconds}}, false) as is_linked,
        coalesce(previous_is_head, false) as follows_a_head,
        coalesce(not previous_is_head, false) as follows_a_get,
        coalesce(digest_id = previous_digest_id, true) as may_be_same_digest,
        coalesce(digest_id <> previous_digest_id, true) as may_be_other_digest
    from neighbours
),

final as (
    select
        request_no,
        ip_key,
        image_id,
        requested_us,
        position,
        is_head,
        by_tag,
        digest_id,
        is_linked,
        -- H→G: the GET of the digest that a HEAD has just asked about.
        is_linked and not is_head and follows_a_head and may_be_same_digest as continues_head,
        -- G→G: a child manifest by digest, if the GET before it is not a child itself.
        is_linked and not is_head and follows_a_get and not by_tag and may_be_other_digest as may_continue_get
    from compared
)

select
    request_no,
    ip_key,
    image_id,
    requested_us,
    position,
    is_head,
    by_tag,
    digest_id,
    is_linked,
    continues_head,
    may_continue_get
from final
