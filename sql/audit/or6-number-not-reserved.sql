-- OR-6: numbers are reserved in the store before they are given, so that none is given again after
-- a crash.
select seq, round_id, line, number, reserved
from (
    select seq, round_id, line, number,
        max(up_to) over (
            partition by round_id, line order by seq rows unbounded preceding
        ) as reserved
    from (
        select seq, round_id, line, up_to, null as number from numbers_reserved
        union all
        select seq, round_id, line, null, number from ticket
    ) as given
) as running
where number > coalesce(reserved, 0)
