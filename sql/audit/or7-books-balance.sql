-- OR-7: every event takes from some accounts what it puts into others, and so the trial balance over
-- all of them is zero, to the won.
select 'an event' as problem, stream_id, seq, sum(amount) as off_by
from posting group by stream_id, seq having sum(amount) <> 0
union all
select 'trial balance', min(stream_id), min(seq), sum(amount)
from posting having sum(amount) <> 0
