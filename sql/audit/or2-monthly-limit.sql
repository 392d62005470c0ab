-- OR-2: no person takes more in a month than the limit allows, over all channels and rounds of a
-- program: bought, or held until a rail has answered, less what cancels gave back before. The limit
-- is the one that it was decided under: rules change, and never what was decided before.
select stream_id, seq, month, used, monthly_limit
from limit_used
where used < 0 or (used > monthly_limit and used_at_least > monthly_limit)
