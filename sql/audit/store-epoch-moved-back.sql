-- The store: a deposed owner writes nothing, so epochs only grow along the order, up to that of the
-- owner.
select first_seq, epoch, before
from (
    select first_seq, epoch, lag(epoch) over (order by first_seq) as before
    from (
        select first_seq, epoch from batch
        union all
        select next_seq, epoch from ownership
    ) as written
) as pair
where epoch < before
