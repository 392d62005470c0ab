-- OR-6: the watermark of a line never moves back.
select seq, round_id, line, up_to, before
from (
    select seq, round_id, line, up_to,
        lag(up_to) over (partition by round_id, line order by seq) as before
    from watermark_moved
) as pair
where up_to < before
