-- OR-2: each hold or purchase was decided on at least what its person had taken up to it, less what
-- came to nothing and what cancels gave back before. It may have been more: another hold may have
-- come to nothing meanwhile.
select stream_id, seq, month, used, used_after
from limit_used
where used > used_after and used_at_least > used_after
