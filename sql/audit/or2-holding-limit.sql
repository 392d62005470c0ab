-- OR-2: no person ever holds more than the most generous rules of the program ever allowed. What is
-- held until a rail has answered counts, and so does what was given to them; what they spent, gave,
-- were paid back or let expire does not count any more, and paper counts when it is bought and no
-- more. Purchases and the moves of vouchers are in two streams: they follow each other by time, and
-- what makes room comes first.
--
-- The clock of one server never goes back, that of the next may be behind. So whoever holds too much
-- by time is looked at once more: in each stream by seq, and of the other one with all that makes
-- room and may have come before, and without what takes room and may have come after. It may if the
-- clock was set back in between: if by what their streams showed before and after, the one can be
-- as early as the other is late. What lies under the last take-overs of both is of one server. By
-- time alone what is too much may also look as if it were none: whoever moved anything while the
-- clock showed the same times again is looked at in any case.
--
-- Take-overs themselves are not written down. Where a clock was set back between two servers, what
-- one person did before and after, in two streams of which one showed nothing in between, may be
-- called too much; and what was too much while the clock showed the same times again is excused
-- once another take-over follows.
with shown as materialized (
    select stream_id, first_seq, next_seq, followed_by, latest_before, earliest_after
    from taken_over
),
repeated as materialized (
    select shown.stream_id, shown.first_seq, shown.next_seq, shown.latest_before,
        shown.earliest_after
    from shown
    join batch on batch.stream_id = shown.stream_id
        and batch.first_seq >= shown.first_seq and batch.first_seq < shown.next_seq
    group by shown.stream_id, shown.first_seq, shown.next_seq, shown.latest_before,
        shown.earliest_after
    having min(batch.at) < shown.latest_before or max(batch.at) > shown.earliest_after
),
allowed as (
    select name.id as program_id, max(holding_limit_defined.holding_limit) as holding_limit
    from holding_limit_defined
    join name on name.text = holding_limit_defined.program_name
    group by name.id
),
suspect as (
    select person, program_id, holding_limit
    from (
        select holding_moved.person, holding_moved.program_id,
            holding_moved.delta - holding_moved.kept + sum(holding_moved.kept) over (
                partition by holding_moved.person, holding_moved.program_id
                order by holding_moved.at,
                    case when holding_moved.delta < 0 then 0 else 1 end,
                    holding_moved.stream_id, holding_moved.seq
                rows unbounded preceding
            ) as holding,
            allowed.holding_limit
        from holding_moved
        join allowed on allowed.program_id = holding_moved.program_id
    ) as running
    where holding > holding_limit
    union
    select holding_moved.person, holding_moved.program_id, allowed.holding_limit
    from repeated
    join holding_moved on holding_moved.stream_id = repeated.stream_id
        and holding_moved.seq >= repeated.first_seq and holding_moved.seq < repeated.next_seq
        and (holding_moved.at < repeated.latest_before
            or holding_moved.at > repeated.earliest_after)
    join allowed on allowed.program_id = holding_moved.program_id
    -- Nobody else can have held too much, in whatever order; in a rush there are few of them.
    join (
        select person, program_id, sum(case when delta > 0 then delta else 0 end) as taken
        from holding_moved
        group by person, program_id
    ) as whole on whole.person = holding_moved.person
        and whole.program_id = holding_moved.program_id and whole.taken > allowed.holding_limit
),
moved as (
    select suspect.person, suspect.program_id, suspect.holding_limit,
        one.stream_id, one.seq, one.at, one.delta, one.kept,
        coalesce(shown.followed_by, 0) as followed_by,
        case when shown.latest_before > one.at then shown.latest_before else one.at end as latest,
        case
            when shown.earliest_after < one.at then shown.earliest_after else one.at
        end as earliest
    from suspect
    join holding_moved as one on one.person = suspect.person
        and one.program_id = suspect.program_id
    left join shown on shown.stream_id = one.stream_id
        and shown.first_seq <= one.seq and one.seq < shown.next_seq
)
select stream_id, seq, program_id, holding, holding_limit
from (
    select taken.stream_id, taken.seq, taken.program_id, taken.holding_limit,
        taken.delta - taken.kept + (
            select sum(moved.kept) from moved
            where moved.person = taken.person and moved.program_id = taken.program_id
                and case
                    when moved.stream_id = taken.stream_id then moved.seq <= taken.seq
                    when moved.delta < 0 then moved.at <= taken.at
                        or (moved.earliest <= taken.latest
                            and moved.followed_by + taken.followed_by > 0)
                    else (moved.at < taken.at
                            or (moved.at = taken.at and moved.stream_id < taken.stream_id))
                        and not (taken.earliest < moved.latest
                            and moved.followed_by + taken.followed_by > 0)
                end
        ) as holding
    from moved as taken where taken.delta > 0
) as least
where holding > holding_limit
