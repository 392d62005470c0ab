-- OR-7: no voucher gives more than it had: neither before nor after any of its moves.
select stream_id, seq, kind, balance
from (
    select stream_id, seq, kind,
        sum(delta) over (
            partition by voucher order by move_no rows unbounded preceding
        ) as balance
    from balance_moved
) as running
where balance < 0
