-- OR-7: every event takes from some accounts what it puts into others, and so the trial balance over
-- all of them is zero, to the won. A purchase is one row with all of its postings: no sum over
-- millions of them is needed to tell.
select 'a purchase' as problem, stream_id, seq, amount - price - subsidy as off_by
from purchase where amount - price - subsidy <> 0
union all
select 'a move', stream_id, seq, sum(amount)
from posting where stream_id < 0 group by stream_id, seq having sum(amount) <> 0
union all
select 'trial balance', min(stream_id), min(seq), sum(amount)
from posting having sum(amount) <> 0
