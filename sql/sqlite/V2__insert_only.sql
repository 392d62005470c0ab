-- What happened does not change. Whoever wants a row otherwise has to take these triggers away
-- first, by name, which is a change of the schema that can be seen. Inserting does not pay for
-- them.

create trigger batch_is_never_changed before update on batch
begin select raise(abort, 'batch_is_never_changed'); end;
create trigger batch_is_never_removed before delete on batch
begin select raise(abort, 'batch_is_never_removed'); end;

create trigger name_is_never_changed before update on name
begin select raise(abort, 'name_is_never_changed'); end;
create trigger name_is_never_removed before delete on name
begin select raise(abort, 'name_is_never_removed'); end;

create trigger journal_is_never_changed before update on journal
begin select raise(abort, 'journal_is_never_changed'); end;
create trigger journal_is_never_removed before delete on journal
begin select raise(abort, 'journal_is_never_removed'); end;

create trigger person_is_never_changed before update on person
begin select raise(abort, 'person_is_never_changed'); end;
create trigger person_is_never_removed before delete on person
begin select raise(abort, 'person_is_never_removed'); end;

create trigger ticket_is_never_changed before update on ticket
begin select raise(abort, 'ticket_is_never_changed'); end;
create trigger ticket_is_never_removed before delete on ticket
begin select raise(abort, 'ticket_is_never_removed'); end;

create trigger place_end_is_never_changed before update on place_end
begin select raise(abort, 'place_end_is_never_changed'); end;
create trigger place_end_is_never_removed before delete on place_end
begin select raise(abort, 'place_end_is_never_removed'); end;

create trigger claim_is_never_changed before update on claim
begin select raise(abort, 'claim_is_never_changed'); end;
create trigger claim_is_never_removed before delete on claim
begin select raise(abort, 'claim_is_never_removed'); end;

create trigger hold_is_never_changed before update on hold
begin select raise(abort, 'hold_is_never_changed'); end;
create trigger hold_is_never_removed before delete on hold
begin select raise(abort, 'hold_is_never_removed'); end;

create trigger payment_step_is_never_changed before update on payment_step
begin select raise(abort, 'payment_step_is_never_changed'); end;
create trigger payment_step_is_never_removed before delete on payment_step
begin select raise(abort, 'payment_step_is_never_removed'); end;

create trigger purchase_is_never_changed before update on purchase
begin select raise(abort, 'purchase_is_never_changed'); end;
create trigger purchase_is_never_removed before delete on purchase
begin select raise(abort, 'purchase_is_never_removed'); end;

create trigger refusal_is_never_changed before update on refusal
begin select raise(abort, 'refusal_is_never_changed'); end;
create trigger refusal_is_never_removed before delete on refusal
begin select raise(abort, 'refusal_is_never_removed'); end;

-- A stream is the one kind of row that moves, and it only moves forward.
create trigger stream_only_grows before update on stream
when new.id <> old.id or new.epoch < old.epoch or new.next_seq < old.next_seq
begin select raise(abort, 'stream_only_grows'); end;
create trigger stream_is_never_removed before delete on stream
begin select raise(abort, 'stream_is_never_removed'); end;
