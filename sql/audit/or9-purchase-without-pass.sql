-- OR-9: nobody buys without a pass of their own: the same person claimed that place before, and the
-- purchase was decided while the pass was good.
select purchase.seq, purchase.round_id, purchase.line, purchase.number,
    purchase.decided_at, pass.expires_at
from purchase
left join (
    select round_id, line, number, person, min(seq) as seq, max(expires_at) as expires_at
    from claim group by round_id, line, number, person
) as pass
    on pass.round_id = purchase.round_id and pass.line = purchase.line
    and pass.number = purchase.number and pass.person = purchase.person
where pass.seq is null or pass.seq > purchase.seq or purchase.decided_at > pass.expires_at
