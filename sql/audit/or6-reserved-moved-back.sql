-- OR-6: each block of numbers that is reserved lies above the one before. A round that is defined
-- anew, which it is only before anybody can have joined, begins anew.
select seq, round_id, line, up_to, before
from (
    select seq, round_id, line, up_to,
        lag(up_to) over (partition by round_id, line order by seq) as before,
        lag(seq) over (partition by round_id, line order by seq) as since
    from numbers_reserved
) as pair
where up_to <= before
    and not exists (
        select 1 from window_defined as defined
        where defined.round_id = pair.round_id
            and defined.seq > pair.since and defined.seq < pair.seq)
