-- OR-6: each block of numbers that is reserved lies above the one before.
select seq, round_id, line, up_to, before
from (
    select seq, round_id, line, up_to,
        lag(up_to) over (partition by round_id, line order by seq) as before
    from numbers_reserved
) as pair
where up_to <= before
