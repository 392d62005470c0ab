-- OR-7: money that turned up for a voided purchase goes back once each time: it is sent back, it is
-- back, and only then may more turn up.
select stream_id, seq, kind, before
from (
    select stream_id, seq, kind, lag(kind) over (partition by id order by seq) as before
    from payment_step where kind in ('return_sent', 'returned')
) as pair
where kind = coalesce(before, 'returned')
