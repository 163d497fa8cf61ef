-- Which other images do the users of an image use, too?
-- grain: one row per publisher's image and paired image with enough users; then one
--   row per publisher that counts the pairs and users that are left out
-- params: Granularity, Reference, From, To; MinUsers, the fewest users of a pair;
--   MaxImages, the most images of a user who is paired
with actions as (
    select
        publisher_id,
        publisher_name,
        image_repository,
        coalesce(user_key, client_key) as puller_key,
        company
    from {{table "actions"}}
    where requested_at >= {{timestamp .From}}
        and requested_at < {{timestamp .To}}
),

images as (
    select
        publisher_id,
        publisher_name,
        image_repository
    from actions
    group by publisher_id, publisher_name, image_repository
),

image_pullers as (
    select
        image_repository,
        puller_key
    from actions
    group by image_repository, puller_key
),

image_totals as (
    select
        image_repository,
        count(*) as total_pullers
    from image_pullers
    group by image_repository
),

-- Pairs grow with the square of a user's images: mirrors of whole registries tell
-- nothing about what is used together, and would take all of the time.
puller_images as (
    select
        puller_key,
        count(*) as images
    from image_pullers
    group by puller_key
),

paired_pullers as (
    select
        image_pullers.image_repository,
        image_pullers.puller_key
    from image_pullers
    inner join puller_images on image_pullers.puller_key = puller_images.puller_key
    where puller_images.images <= {{.MaxImages}}
),

pairs as (
    select
        used.image_repository as dvpp_image,
        other.image_repository as paired_image,
        count(*) as users
    from paired_pullers as used
    inner join paired_pullers as other on used.puller_key = other.puller_key
    where used.image_repository <> other.image_repository
    group by used.image_repository, other.image_repository
),

shown_pairs as (
    select
        dvpp_image,
        paired_image,
        users
    from pairs
    where users >= {{.MinUsers}}
),

image_companies as (
    select
        image_repository,
        company
    from actions
    where company is not null
    group by image_repository, company
),

company_totals as (
    select
        image_repository,
        count(*) as total_domains
    from image_companies
    group by image_repository
),

pair_companies as (
    select
        shown_pairs.dvpp_image,
        shown_pairs.paired_image,
        count(*) as domains
    from shown_pairs
    inner join image_companies as used on shown_pairs.dvpp_image = used.image_repository
    inner join image_companies as other on shown_pairs.paired_image = other.image_repository and used.company = other.company
    group by shown_pairs.dvpp_image, shown_pairs.paired_image
),

shown as (
    select
        images.publisher_id,
        images.publisher_name,
        shown_pairs.dvpp_image,
        shown_pairs.paired_image,
        shown_pairs.users,
        image_totals.total_pullers,
        coalesce(pair_companies.domains, 0) as domains,
        coalesce(company_totals.total_domains, 0) as total_domains
    from shown_pairs
    inner join images on shown_pairs.dvpp_image = images.image_repository
    inner join image_totals on shown_pairs.dvpp_image = image_totals.image_repository
    left join company_totals on shown_pairs.dvpp_image = company_totals.image_repository
    left join pair_companies
        on shown_pairs.dvpp_image = pair_companies.dvpp_image
        and shown_pairs.paired_image = pair_companies.paired_image
),

suppressed as (
    select
        images.publisher_id,
        images.publisher_name,
        count(*) as suppressed_rows
    from pairs
    inner join images on pairs.dvpp_image = images.image_repository
    where pairs.users < {{.MinUsers}}
    group by images.publisher_id, images.publisher_name
),

left_out as (
    select
        images.publisher_id,
        images.publisher_name,
        count(distinct image_pullers.puller_key) as left_out_users
    from image_pullers
    inner join images on image_pullers.image_repository = images.image_repository
    inner join puller_images on image_pullers.puller_key = puller_images.puller_key
    where puller_images.images > {{.MaxImages}}
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
