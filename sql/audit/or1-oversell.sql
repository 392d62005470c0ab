-- OR-1: no window sells or sets aside more than it has: its stock, what moved to it and what came
-- back, less what moved away.
select seq, round_id, window_name, left_in_window
from (
    select seq, round_id, window_name,
        sum(delta) over (
            partition by round_id, window_name order by seq rows unbounded preceding
        ) as left_in_window
    from stock_moved
) as running
where left_in_window < 0
