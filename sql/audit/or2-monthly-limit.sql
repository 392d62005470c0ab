-- OR-2: no person buys more in a month than the limit allows, over all channels and rounds of a
-- program. The limit is the one that the purchase was decided under: rules change, and never what
-- was decided before.
select seq, month, used, monthly_limit
from (
    select seq, month, monthly_limit,
        sum(amount) over (
            partition by person, program_id, month order by seq rows unbounded preceding
        ) as used
    from purchase
) as running
where used > monthly_limit
