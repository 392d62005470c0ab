-- OR-7: what each move says is left of its voucher is what the moves before it and its own leave,
-- from what was bought or given; and no move is missing: they count 1, 2, 3, ... in the order in
-- which they were written.
select stream_id, seq, kind, balance_after, balance, move_no
from (
    select stream_id, seq, kind, move_no, balance_after,
        sum(delta) over of_voucher as balance,
        lag(move_no) over (partition by voucher order by move_no) as move_before,
        lag(stream_id) over (partition by voucher order by move_no) as stream_before,
        lag(seq) over (partition by voucher order by move_no) as seq_before
    from balance_moved
    window of_voucher as (partition by voucher order by move_no rows unbounded preceding)
) as running
where balance_after <> balance
    or move_no <> coalesce(move_before, -1) + 1
    or (stream_id = stream_before and seq <= seq_before)
