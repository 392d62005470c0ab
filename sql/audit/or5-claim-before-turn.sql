-- OR-5: nobody claims a turn that has not come: a claim lies at or under the watermark that was
-- committed before it.
select seq, round_id, line, number, watermark
from (
    select seq, round_id, line, number,
        max(up_to) over (
            partition by round_id, line order by seq rows unbounded preceding
        ) as watermark
    from (
        select seq, round_id, line, up_to, null as number from watermark_moved
        union all
        select seq, round_id, line, null, number from claim
    ) as moved
) as running
where number > coalesce(watermark, 0)
