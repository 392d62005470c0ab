-- The store: rows are what the named constraints of their tables let in, also after a hand that
-- went around them.
select 'purchase' as found_in, seq
from purchase
where left_after < 0 or used_after < amount or used_after > monthly_limit
    or length(id) <> 16 or length(person) <> 16 or length(digest) <> 32
    or state not in ('held', 'paying', 'issued', 'voided', 'cancelled')
union all
select 'refusal', seq from refusal where length(person) <> 16 or length(digest) <> 32
union all
select 'ticket', seq from ticket where length(person) <> 16 or number < 1 or dead_up_to < 0
union all
select 'claim', seq from claim where length(person) <> 16 or number < 1
union all
select 'person', seq from person where length(person) <> 16
