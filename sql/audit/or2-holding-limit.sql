-- OR-2: no person holds more than the most generous rules of the program ever allowed. Nothing is
-- spent or refunded in this store yet, so a person holds all that was bought.
select min(held.first_seq) as seq, held.program_id, held.amount, max(holding_limit) as holding_limit
from (
    select person, program_id, sum(amount) as amount, min(seq) as first_seq
    from purchase group by person, program_id
) as held
join name on name.id = held.program_id
join holding_limit_defined on holding_limit_defined.program_name = name.text
group by held.person, held.program_id, held.amount
having held.amount > max(holding_limit)
