-- OR-3: no purchase is doubled: an id is held once and issued once.
select min(stream_id) as stream_id, min(seq) as seq, max(seq) as again, count(*) as times
from purchase group by id having count(*) > 1
union all
select min(stream_id), min(seq), max(seq), count(*)
from hold group by id having count(*) > 1
