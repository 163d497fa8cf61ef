-- Which other images do the users of an image use, too?
-- grain: one row per publisher's image and paired image with enough users; then one
--   row per publisher that counts the pairs and users that are left out
-- params: Granularity, Reference, From, To; MinUsers, the fewest users of a pair;
--   MaxImages, the most images of a user who is paired
with images as (
    {{file "shared/images.sql" .}}
),

image_pullers as (
    {{file "shared/image_pullers.sql" .}}
),

image_totals as (
    select
        image_no,
        count(*) as total_pullers
    from image_pullers
    group by image_no
),

-- Pairs grow with the square of a user's images: mirrors of whole registries tell
-- nothing about what is used together, and would take all of the time.
paired_pullers as (
    select
        puller_key,
        array_agg(image_no) as image_nos
    from image_pullers
    group by puller_key
    having count(*) > 1
        and count(*) <= {{.MaxImages}}
),

-- One list after the other, so that lists are unfolded and not joined.
used_images as (
    select
        used.image_no,
        paired_pullers.image_nos
    from paired_pullers
    cross join unnest(paired_pullers.image_nos) as used(image_no)
),

-- Each pair is counted once, the smaller number first, and turned around below.
pairs_once as (
    select
        used_images.image_no as first_no,
        other.image_no as second_no,
        count(*) as users
    from used_images
    cross join unnest(used_images.image_nos) as other(image_no)
    where used_images.image_no < other.image_no
    group by used_images.image_no, other.image_no
),

image_companies as (
    {{file "shared/company_images.sql" .}}
),

company_totals as (
    select
        image_no,
        count(*) as total_domains
    from image_companies
    group by image_no
),

-- Companies of the pairs that are shown: all pairs of a company would grow with the
-- square of its images.
company_pairs_once as (
    select
        pairs_once.first_no,
        pairs_once.second_no,
        count(*) as domains
    from pairs_once
    inner join image_companies as used on pairs_once.first_no = used.image_no
    inner join image_companies as other
        on pairs_once.second_no = other.image_no
        and used.company = other.company
    where pairs_once.users >= {{.MinUsers}}
    group by pairs_once.first_no, pairs_once.second_no
),

pairs_counted as (
    select
        pairs_once.first_no,
        pairs_once.second_no,
        pairs_once.users,
        coalesce(company_pairs_once.domains, 0) as domains
    from pairs_once
    left join company_pairs_once
        on pairs_once.first_no = company_pairs_once.first_no
        and pairs_once.second_no = company_pairs_once.second_no
),

pairs as (
    select
        first_no as image_no,
        second_no as paired_no,
        users,
        domains
    from pairs_counted
    union all
    select
        second_no as image_no,
        first_no as paired_no,
        users,
        domains
    from pairs_counted
),

shown as (
    select
        images.publisher_id,
        images.publisher_name,
        images.image_repository as dvpp_image,
        paired.image_repository as paired_image,
        pairs.users,
        image_totals.total_pullers,
        pairs.domains,
        coalesce(company_totals.total_domains, 0) as total_domains
    from pairs
    inner join images on pairs.image_no = images.image_no
    inner join images as paired on pairs.paired_no = paired.image_no
    inner join image_totals on pairs.image_no = image_totals.image_no
    left join company_totals on pairs.image_no = company_totals.image_no
    where pairs.users >= {{.MinUsers}}
),

suppressed as (
    select
        images.publisher_id,
        images.publisher_name,
        count(*) as suppressed_rows
    from pairs
    inner join images on pairs.image_no = images.image_no
    where pairs.users < {{.MinUsers}}
    group by images.publisher_id, images.publisher_name
),

unpaired_pullers as (
    select puller_key
    from image_pullers
    group by puller_key
    having count(*) > {{.MaxImages}}
),

left_out as (
    select
        images.publisher_id,
        images.publisher_name,
        count(distinct image_pullers.puller_key) as left_out_users
    from image_pullers
    inner join images on image_pullers.image_no = images.image_no
    inner join unpaired_pullers on image_pullers.puller_key = unpaired_pullers.puller_key
    group by images.publisher_id, images.publisher_name
),

final as (
    select
        publisher_id,
        publisher_name,
        dvpp_image,
        paired_image,
        users,
        total_pullers,
        {{share "users" "total_pullers"}} as pct_users,
        domains,
        total_domains,
        case when total_domains > 0 then {{share "domains" "total_domains"}} else {{share "0" "1"}} end as pct_domains,
        cast(null as bigint) as suppressed_rows,
        cast(null as bigint) as left_out_users
    from shown
    union all
    select
        publisher_id,
        publisher_name,
        null as dvpp_image,
        null as paired_image,
        null as users,
        null as total_pullers,
        null as pct_users,
        null as domains,
        null as total_domains,
        null as pct_domains,
        suppressed_rows,
        cast(null as bigint) as left_out_users
    from suppressed
    union all
    select
        publisher_id,
        publisher_name,
        null as dvpp_image,
        null as paired_image,
        null as users,
        null as total_pullers,
        null as pct_users,
        null as domains,
        null as total_domains,
        null as pct_domains,
        cast(null as bigint) as suppressed_rows,
        left_out_users
    from left_out
)

select
    publisher_id,
    {{text .Granularity}} as date_granularity,
    {{text .Reference}} as date_reference,
    publisher_name,
    dvpp_image,
    paired_image,
    users,
    total_pullers,
    pct_users,
    domains,
    total_domains,
    pct_domains,
    suppressed_rows,
    left_out_users
from final
order by
    publisher_id,
    dvpp_image nulls last,
    paired_image,
    suppressed_rows
