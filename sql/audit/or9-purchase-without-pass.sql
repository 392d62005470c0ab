-- OR-9: nobody takes anything without a pass of their own: the same person claimed that place
-- before, and it was decided while the pass was good. Only a counter asks for none (line 255): see
-- or9-counter-not-named.
select taken.stream_id, taken.seq, taken.round_id, taken.line, taken.number,
    taken.decided_at, pass.expires_at
from taken
left join (
    select round_id, line, number, person, min(seq) as seq, max(expires_at) as expires_at
    from claim group by round_id, line, number, person
) as pass
    on pass.round_id = taken.round_id and pass.line = taken.line
    and pass.number = taken.number and pass.person = taken.person
where taken.line <> 255
    and (pass.seq is null or pass.seq > taken.seq or taken.decided_at > pass.expires_at)
