-- OR-2: each hold or purchase was decided on at least what its person had taken up to it, less what
-- came to nothing and what cancels gave back before. It may have been more: another hold may have
-- come to nothing meanwhile.
select stream_id, seq, month, used, used_after
from (
    select stream_id, seq, month, used_after, person, program_id, at,
        sum(delta) over (
            partition by person, program_id, month order by seq rows unbounded preceding
        ) as used
    from limit_moved
) as running
where used > used_after
    and used - coalesce((
        select sum(returned.amount) from allowance_returned as returned
        where returned.person = running.person and returned.program_id = running.program_id
            and returned.month = running.month and returned.at <= running.at
    ), 0) > used_after
