-- OR-6: a number of a line is given once.
select round_id, line, number, min(seq) as seq, max(seq) as again, count(*) as times
from ticket group by round_id, line, number having count(*) > 1
