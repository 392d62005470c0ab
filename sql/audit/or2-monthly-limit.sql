-- OR-2: no person takes more in a month than the limit allows, over all channels and rounds of a
-- program: bought, or held until a rail has answered. The limit is the one that it was decided
-- under: rules change, and never what was decided before.
select stream_id, seq, month, used, monthly_limit
from (
    select stream_id, seq, month, monthly_limit,
        sum(delta) over (
            partition by person, program_id, month order by seq rows unbounded preceding
        ) as used
    from limit_moved
) as running
where used > monthly_limit or used < 0
