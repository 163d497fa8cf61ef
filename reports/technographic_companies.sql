-- Which companies use an image together with which other image?
-- grain: one row per publisher, company, publisher's image and paired image; then one
--   row per publisher that counts the companies that are left out
-- params: Granularity, Reference, From, To; MaxCompanyImages, the most images of a
--   company that is paired
with images as (
    {{file "shared/images.sql" .}}
),

company_images as (
    {{file "shared/company_images.sql" .}}
),

-- Rows grow with the square of a company's images: who uses everything tells nothing
-- about what goes together.
company_totals as (
    select
        company,
        count(*) as images
    from company_images
    group by company
),

paired_images as (
    select
        company_images.image_no,
        company_images.company
    from company_images
    inner join company_totals on company_images.company = company_totals.company
    where company_totals.images <= {{.MaxCompanyImages}}
),

pairs as (
    select
        images.publisher_id,
        images.publisher_name,
        used.company as domain,
        images.image_repository as dvpp_image,
        paired.image_repository as paired_image
    from paired_images as used
    inner join paired_images as other on used.company = other.company
    inner join images on used.image_no = images.image_no
    inner join images as paired on other.image_no = paired.image_no
    where used.image_no <> other.image_no
),

left_out as (
    select
        images.publisher_id,
        images.publisher_name,
        count(distinct company_images.company) as left_out_users
    from company_images
    inner join images on company_images.image_no = images.image_no
    inner join company_totals on company_images.company = company_totals.company
    where company_totals.images > {{.MaxCompanyImages}}
    group by images.publisher_id, images.publisher_name
),

final as (
    select
        publisher_id,
        publisher_name,
        domain,
        dvpp_image,
        paired_image,
        cast(null as bigint) as left_out_users
    from pairs
    union all
    select
        publisher_id,
        publisher_name,
        null as domain,
        null as dvpp_image,
        null as paired_image,
        left_out_users
    from left_out
)

select
    publisher_id,
    {{text .Granularity}} as date_granularity,
    {{text .Reference}} as date_reference,
    publisher_name,
    domain,
    dvpp_image,
    paired_image,
    left_out_users
from final
order by
    publisher_id,
    domain nulls last,
    dvpp_image,
    paired_image
