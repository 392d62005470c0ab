-- The way to what was given, in the order in which expiry walks over it: what was given is little
-- beside all that moves.
create index voucher_given on voucher_move (id) where kind = 'gifted';
