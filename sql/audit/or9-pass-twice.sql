-- OR-9: a pass buys once.
select round_id, line, number, min(seq) as seq, max(seq) as again, count(*) as times
from purchase group by round_id, line, number having count(*) > 1
