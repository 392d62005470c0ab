-- OR-3: no purchase is doubled: an id stands once.
select min(seq) as seq, max(seq) as again, count(*) as times
from purchase group by id having count(*) > 1
