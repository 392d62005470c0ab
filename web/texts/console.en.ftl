# What operators see. One message a line; the same keys and variables as in console.ko.ftl.

## Everywhere

name = openrun console
navigation = Console
won = { $amount } won
per-second = { $rate } /s
milliseconds = { $time } ms
seconds = { $count } s
unknown = –
none = none
optional = optional
always = always
time = Time
loading = Waiting for the first figures…
busy = One moment…
as-table = Show as a table
from-to = { $from } to { $to }
span-hours = { $hours } h { $minutes } min
span-minutes = { $minutes } min { $seconds } s
span-seconds = { $seconds } s

## Who is signed in

title-sign-in = Sign in
sign-in-how = Paste your staff token. It is kept in this tab only and is gone when you close it.
field-token = Staff token
do-sign-in = Sign in
do-sign-out = Sign out
signed-in-as = { $name }, { $role }
signed-out-expired = Your token has expired or is not valid here. Sign in again to go on.
fault-token = This is not a staff token.
fault-expired = This token has expired. Ask for a new one.
title-enter = Sign in to the console?
enter-why = A link brought a staff token here. Go on only if you opened it yourself and this is your name: whatever you do is logged under it.
enter-name = Name
enter-role = Role
enter-other = { $name } is signed in here now. If you go on, they are signed out in this tab.
do-enter = Yes, sign in
do-enter-not = Do not sign in
role-viewer = viewer
role-operator = operator
role-approver = approver

## The connection

connection-ok = Connected
connection-stale = No new figures for { $since }. What you see is old; actions are shut until figures come again.
connection-away = The server has not answered for { $since }. What you see is old; actions are shut until it answers again.
told-away = The connection to the server is lost. Actions are shut.
told-back = The connection to the server is back.

## Why something cannot be done now

why-signed-out = Sign in first.
why-role = This needs the role: { $roles }.
why-away = There is no connection to the server.
why-state = Not possible while the round is: { $state }.
why-pending = A request for stock already waits for its second person.
why-nobody-asked = Nobody has asked for this yet
why-own-ask = You asked for this. Somebody else must confirm it.

## States

state-draft = draft
state-scheduled = scheduled
state-lobby = lobby
state-open = open
state-paused = paused
state-sold-out = sold out
state-closed = closed
phase-ahead = ahead
phase-open = open
phase-over = over
mode-auto = by its figures
mode-manual = by hand
mode-shut = shut

## All rounds

title-rounds = Rounds
no-rounds = There are no rounds yet. They are defined through the API.
head-round = Round
head-state = State
head-left = Left
head-held = Held
head-sold = Sold
head-stock = Stock
head-waiting = Waiting
head-active = Inside
head-arrivals = Arriving
head-when = Times
title-house = How the server is
figure-store = Store
figure-store-queue = Events not yet durable
figure-rail = Payment rail
figure-rail-waiting = Payments waiting to be sent
figure-buy-p99 = Buying, p99
figure-buy-per-s = Calls to buy
figure-rebuilds = Actors rebuilt
figure-refused = Refused by full mailboxes
is-up = up
is-away = away
rail-none = no payments yet
store-away = The store does not take what is written. Nobody can buy; places are kept. It is tried again by itself.
rail-away = The payment rail does not answer and is given a rest. Nobody new begins to pay; it is probed by itself.
title-refusals = Refusals
no-refusals = Nothing was refused since the server started.
head-code = Answer
head-total = In all
head-now = Now

## A round

title-round = Round
no-such-round = There is no round of this name.
back-to-rounds = All rounds
figure-stock = Stock
figure-left = Left
figure-held = Held
figure-sold = Sold
figure-purchases = Purchases
figure-waiting = Waiting
figure-active = Inside, or expected
figure-arrivals = Arriving
figure-speed = Let in
figure-watermark = Watermark
figure-last-number = Last number given
figure-inversions = Broken orders
title-actions = Actions
title-plots = The last quarter of an hour
title-windows = Windows
head-window = Window
head-phase = Phase
title-inlet = Inlet
head-line = Line
head-policy = Rule
head-room = Room for
head-why = Why
binds = (holds the line now)
policy-shut = shut
policy-manual = by hand
policy-rail = payment rail
policy-stock = stock
policy-active = people inside
policy-adaptive = latency
policy-rate = rate
policy-demand = demand
title-notices = Notices
no-notices = Nothing is announced.
notice-when = Posted { $at }, stands until { $until }
until-withdrawn = it is withdrawn
title-actors = Actors
no-actors = The actors do not describe themselves at the moment.
head-actor = Actor
head-people = People
head-says = What it says of itself
actor-round = Round
actor-queue = Queue
actor-person = Person
actor-committer = Committer
actor-guardian = Guardian
actor-till = Till

## Stock by two persons

title-ask = A change of stock waits for its second person
means-asked = { $by } asked for { $change } in the window “{ $window }”.
means-why = Reason given: { $reason }
ask-until = Asked at { $at }. Without an answer it lapses at { $until }.

## Plots

plot-nothing = Nothing to show yet.
plot-summary = { $name }: now { $latest }, between { $least } and { $most }.
plot-unknown = { $name }: no figures yet.
plot-stock = Stock
plot-speed = Arriving and let in
plot-line = People
plot-latency = How long calls take
plot-refusals = Refusals a second
plot-rail = Payment rail: how long calls take
plot-rail-queue = Payment rail: under way
plot-store = Store: how long commits take
plot-store-queue = Store: events not yet durable
plot-actors = Mailboxes: share of their bound
curve-left = left
curve-held = held
curve-sold = sold
curve-arrivals = arriving
curve-speed = let in
curve-waiting = waiting
curve-active = inside
curve-p99 = { $call }, p99
curve-p50 = { $call }, p50
curve-rail-p99 = p99
curve-rail-calls = calls under way
curve-rail-waiting = waiting to be sent
curve-store-p99 = p99
curve-store-queue = events
call-join = join
call-claim = claim
call-buy = buy

## Doing something

do-schedule = Schedule
do-open = Open now
do-pause = Pause
do-resume = Resume
do-close = Close for good
do-inlet = Change the inlet
do-stock-ask = Ask for more or less stock
do-stock-confirm = Confirm
do-stock-refuse = Refuse
do-notice = Post a notice
do-withdraw = Withdraw
do-suspend = Switch something off
do-lift = Switch on again
do-look-up = Look up
do-more = Older entries
do-help = Shortcuts
do-dry-run = Show what would happen
means-schedule = The round opens its lobby and its windows by itself, at the times it was given.
means-open = The round sells at once, whatever the time. The first windows open with it.
means-pause = Nobody can buy until you resume. Everybody keeps their place, and payments under way are finished.
means-resume = Selling goes on where it stopped.
means-close = The round ends for ever. Nobody can buy or join any more, and what is left stays unsold.
means-inlet = How fast people are let in. It counts from the next tenth of a second on; nobody loses a place.
means-opening-ask = This round is opened by two persons: another person must confirm it, within an hour, by the same step.
means-opening-asked = { $by } asked for this. Confirming it does it.
means-stock-ask = Nothing changes yet: an approver, who is another person, has an hour to confirm.
means-stock-least = The stock never falls below what is sold and held.
means-notice = Everybody who waits in this round reads it, and whoever looks at the board.
means-withdraw = Everybody stops seeing: “{ $text }”
means-suspend = Whoever tries it meanwhile is told your message and when to come back. Buying is never switched off here: pause the round instead.
means-lift = { $feature } works again, before { $until }.
field-window = Window
field-change = Change in won
help-change = More as 500000, less as -500000. A multiple of the unit that is sold.
field-inlet-rate-per-s = People a second
field-inlet-max-active = People inside at most
field-inlet-claim-window-s = Seconds to claim a turn
field-inlet-pass-ttl-s = Seconds a pass is good
field-inlet-mode = Steered
field-inlet-latency-target-ms = Latency target
field-state = State
field-phase = Phase
field-stock-won = Stock
field-left-won = Left
field-watermark = Watermark may go up to
field-opening-ask = Opening asked for
field-stock-ask = Request for stock
field-ko = Message in Korean
field-en = Message in English
field-from = From (Korean time), at once if empty
field-until = Until (Korean time)
field-until-needed = Until (Korean time)
field-feature = What
field-over = Only while more people wait than
help-over = It lets go by itself at four fifths of this.
field-reason = Reason (stands in the log)
field-typed = Type { $id } to confirm
trying = Asking the server what would happen…
would-happen = This would happen
no-change = Nothing would change: it is so already.
change = { $what }: { $from } → { $to }
missing-try = First look at what would happen.
missing-reason = Give a reason.
missing-typed = Type the name of the round.
cancel = Cancel
close-dialog = Close
done = Done.
done-stock-ask = Asked. It waits for an approver, who is another person.
done-stock-confirm = Confirmed. The stock has changed.
done-stock-refuse = Refused. The stock stays as it is.
fault-no-answer = No answer came. Nobody knows whether it was done: look at the figures and the log before you repeat it.
fault-foreign = Something between this browser and the server refused ({ $status }). The server said nothing: look at the figures and the log, change the network or ask who runs the proxy, then repeat it.
fault-stock = Only { $left } are left to take away.
fault-state = Not possible while the round is: { $state }.
fault-number = A number is missing or cannot be read.
fault-same = Nothing is different from what stands.
fault-both = The message is needed in both languages.
fault-until = Say until when.

## The log

title-log = Log
log-how = Who did what, when and why. Newest first; nothing is ever taken out.
no-entries = Nothing was done yet.
head-log-at = When
head-log-who = Who
head-log-what = What
head-log-target = To what
head-log-reason = Why
logged-put-program = changed a program
logged-put-round = defined a round
logged-schedule = scheduled
logged-open = opened
logged-pause = paused
logged-resume = resumed
logged-close = closed
logged-set-inlet = changed the inlet
logged-step-inlet = let people in by hand
logged-ask-stock = asked for stock
logged-confirm-stock = confirmed stock
logged-refuse-stock = refused stock
logged-look-up-purchase = looked a purchase up
logged-post-notice = posted a notice
logged-withdraw-notice = withdrew a notice
logged-set-suspensions = changed what is switched off
logged-give-share = gave a share of a draw

## A purchase

title-purchase = Look up a purchase
purchase-how = By its id, for a reason. That you looked, and why, stands in the log before you see it.
field-purchase = Id of the purchase
fault-purchase = The id of a purchase looks like 0182a1b2-….
purchase-held = Held: the payment was not sent yet
purchase-paying = The payment rail was asked
purchase-issued = Issued
purchase-voided = Came to nothing
purchase-cancelled = Cancelled
figure-id = Id
figure-amount = Face value
figure-price = Paid by the person
figure-subsidy = Added by the issuer
figure-month = Counts for month
figure-channel = Channel
figure-number = Place in line
figure-created = Decided
figure-voucher = Voucher
figure-left-after = Left in the window after it

## What is switched off

title-suspensions = Suspensions
suspensions-how = What is switched off for a time, for everybody.
no-suspensions = Nothing is switched off.
head-feature = What
head-condition = Condition
head-message = Message
head-lift = Action
feature-sign-up = Sign-up
feature-merchant-search = Merchant search
feature-gifts = Gifts
is-in-force = in force
is-ahead = ahead
when-over = while more than { $count } wait

## Shortcuts

title-keys = Shortcuts
keys-on = Shortcuts are on
key-rounds = Rounds
key-log = Log
key-purchase = Look up a purchase
key-suspensions = Suspensions
key-help = These shortcuts
key-escape = Close what is open

## Refusals, for people who do not know their codes

code-suspended = Switched off
code-unauthenticated = Not signed in
code-forbidden = Not allowed
code-second-person-required = Somebody else must confirm
code-body-too-large = Request too large
code-unsupported-media-type = Not JSON
code-malformed = Cannot be read
code-idempotency-key-required = Key missing
code-idempotency-key-reused = Key used before
code-invalid-amount = Amount not possible
code-program-not-found = No such program
code-round-not-found = No such round
code-purchase-not-found = No such purchase
code-notice-not-found = No such notice
code-ask-not-found = Nothing asked for
code-not-found = No such page
code-method-not-allowed = Method not allowed
code-version-changed = Changed meanwhile
code-not-registered = Not signed up
code-channel-not-allowed = Not through this channel
code-round-not-open = Not on sale now
code-wrong-state = Not possible in this state
code-too-many-notices = Too many notices
code-ask-pending = Another request waits
code-not-eligible = Not this person's window
code-ticket-invalid = Ticket not valid
code-not-yet = Turn has not come
code-turn-passed = Turn has passed
code-pass-required = No pass
code-pass-invalid = Pass not valid
code-pass-expired = Pass too late
code-pass-used = Pass used
code-monthly-limit-exceeded = Above the month's limit
code-holding-limit-exceeded = Above the holding limit
code-sold-out = Sold out
code-insufficient-stock = Less is left
code-voucher-not-found = No such voucher
code-merchant-not-found = No such merchant
code-receiver-not-found = Receiver not found
code-voucher-not-active = Voucher not usable
code-wrong-region = Not taken here
code-already-spent = Already used in part
code-gift-not-refundable = A gift is not refunded
code-insufficient-balance = Balance too low
code-below-refund-threshold = Too little was spent
code-receiver-limit-exceeded = Above the receiver’s limit
code-payment-declined = Payment declined
code-payback-declined = Money not given back
code-overloaded = Too busy
code-unavailable = Out of order for a moment
