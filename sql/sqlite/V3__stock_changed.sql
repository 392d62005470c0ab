-- Stock that two persons agreed on during a sale: the audit reckons with it. Rows are as before,
-- only the views that read them are more.

create view stock_changed (seq, round_id, window_name, change) as
select seq, round_id, body ->> 'window', cast(body ->> 'change' as integer)
from journal where kind = 'stock_changed';

-- All that moves the stock of a window: each definition by what it adds to the one before, what was
-- agreed on since, leftover that goes from one window to another, what is taken, and what comes
-- back. left_after is what was decided with, null elsewhere.
drop view stock_moved;

create view stock_moved (seq, round_id, window_name, delta, left_after) as
select seq, round_id, window_name,
    stock - coalesce(lag(stock) over (partition by round_id, window_name order by seq), 0),
    null
from window_defined
union all
select seq, round_id, window_name, change, null
from stock_changed
union all
select seq, round_id, window_name, -leftover, null
from window_closed where leftover_to is not null
union all
select seq, round_id, leftover_to, leftover, null
from window_closed where leftover_to is not null
union all
select taken.seq, taken.round_id, name.text, -taken.amount, taken.left_after
from taken left join name on name.id = taken.window_id
union all
select seq, round_id, back_to, amount, null from hold_voided;
