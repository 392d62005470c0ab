-- OR-2: no person ever holds more than the most generous rules of the program ever allowed. What is
-- held until a rail has answered counts, and so does what was given to them; what they spent, gave,
-- were paid back or let expire does not count any more, and paper counts when it is bought and no
-- more.
--
-- Purchases and the moves of vouchers are in two streams. Within one they follow each other by seq.
-- Over both it is the time that says what came first of what one server wrote, whose clock never
-- goes back, and the take-overs of what two wrote: who took a stream over came after all that was in
-- either. What lies beside each other under two servers at once has no order that anybody can know.
-- (What was written before take-overs were written down counts as of one server.)
--
-- So each time that somebody took something is asked for the least that they can have held: with
-- all that makes room and may have come before, and without what takes room and may have come after.
-- Where it is not known of others that take room, one of them all came last: it is asked once more
-- with them, and with all that makes room and may have come before any of them.
with allowed as (
    select name.id as program_id, max(holding_limit_defined.holding_limit) as holding_limit
    from holding_limit_defined
    join name on name.text = holding_limit_defined.program_name
    group by name.id
),
-- Nobody else can have held too much, in whatever order; in a rush there are few of them.
suspect as materialized (
    select moved.person, moved.program_id, allowed.holding_limit
    from holding_moved as moved
    join allowed on allowed.program_id = moved.program_id
    where moved.delta > 0
    group by moved.person, moved.program_id, allowed.holding_limit
    having sum(moved.delta) > allowed.holding_limit
),
shown as materialized (
    select stream_id, from_seq, next_seq, server, other_seq from written_by
),
moved as materialized (
    select suspect.person, suspect.program_id, suspect.holding_limit,
        one.stream_id, one.seq, one.at, one.delta, one.kept,
        shown.server, coalesce(shown.other_seq, 1) as other_seq
    from suspect
    join holding_moved as one on one.person = suspect.person
        and one.program_id = suspect.program_id
    left join shown on shown.stream_id = one.stream_id
        and shown.from_seq <= one.seq and one.seq < shown.next_seq
),
-- Of each that takes room: what became of the same person's, and when.
pair as materialized (
    select taken.person, taken.program_id, taken.holding_limit,
        taken.stream_id as taken_stream, taken.seq as taken_seq,
        other.stream_id, other.seq, other.delta, other.kept,
        case
            when other.stream_id = taken.stream_id then case
                when other.seq = taken.seq then 'itself'
                when other.seq < taken.seq then 'before'
                else 'after'
            end
            when other.server is not distinct from taken.server then case
                when other.at < taken.at then 'before'
                when other.at > taken.at then 'after'
                else 'unknown'
            end
            when other.seq < taken.other_seq then 'before'
            when taken.seq < other.other_seq then 'after'
            else 'unknown'
        end as came
    from moved as taken
    join moved as other on other.person = taken.person and other.program_id = taken.program_id
    where taken.delta > 0
),
-- What takes room and may have come before or after.
beside as materialized (
    select person, program_id, taken_stream, taken_seq, stream_id, seq
    from pair where came = 'unknown' and delta > 0
),
together as (
    select pair.person, pair.program_id, pair.holding_limit, pair.taken_stream, pair.taken_seq,
        pair.stream_id, pair.seq, pair.kept
    from pair
    join beside on beside.person = pair.person and beside.program_id = pair.program_id
        and beside.taken_stream = pair.taken_stream and beside.taken_seq = pair.taken_seq
    where pair.came <> 'after'
    union
    select pair.person, pair.program_id, pair.holding_limit, beside.taken_stream, beside.taken_seq,
        pair.stream_id, pair.seq, pair.kept
    from beside
    join pair on pair.person = beside.person and pair.program_id = beside.program_id
        and pair.taken_stream = beside.stream_id and pair.taken_seq = beside.seq
    where pair.came <> 'after' and pair.delta < 0
)
select stream_id, seq, program_id, max(holding) as holding, holding_limit
from (
    select taken_stream as stream_id, taken_seq as seq, program_id, holding_limit,
        sum(case
            when came = 'itself' then delta
            when came = 'before' or (came = 'unknown' and delta < 0) then kept
            else 0
        end) as holding
    from pair
    group by person, program_id, holding_limit, taken_stream, taken_seq
    union all
    select taken_stream, taken_seq, program_id, holding_limit, sum(kept)
    from together
    group by person, program_id, holding_limit, taken_stream, taken_seq
) as least
where holding > holding_limit
group by stream_id, seq, program_id, holding_limit
