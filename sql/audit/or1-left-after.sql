-- OR-1: what each hold or purchase says was left is what the stock, the leftovers, and all that was
-- taken and came back before it leave.
select seq, round_id, window_name, left_after, left_in_window
from (
    select seq, round_id, window_name, left_after,
        sum(delta) over (
            partition by round_id, window_name order by seq rows unbounded preceding
        ) as left_in_window
    from stock_moved
) as running
where left_after <> left_in_window
