-- OR-2: what each purchase says its person had used is the sum of that person's purchases up to it.
select seq, month, used, used_after
from (
    select seq, month, used_after,
        sum(amount) over (
            partition by person, program_id, month order by seq rows unbounded preceding
        ) as used
    from purchase
) as running
where used <> used_after
