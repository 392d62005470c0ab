-- OR-6: what counters hand over is numbered 1, 2, 3, ... in each round, in the order of its sale and
-- without a gap: paper that is missing from the count was sold past it.
select stream_id, seq, round_id, number, before
from (
    select stream_id, seq, round_id, number,
        lag(number) over (partition by round_id order by seq) as before
    from purchase where line = 255
) as handed_over
where number <> coalesce(before, 0) + 1
