-- OR-4: one idempotency key of a person, one effect, one answer: bought once, or refused once.
select min(seq) as seq, max(seq) as again, count(*) as times
from (
    select person, idempotency_key, seq from purchase
    union all
    select person, idempotency_key, seq from refusal
) as answer
group by person, idempotency_key having count(*) > 1
