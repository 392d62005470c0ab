# What people see on their phone. `page-*` at the end are the server's own words.

## Everywhere

name = openrun
won = { $amount }{ "\u00A0" }won
hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
minutes = { $count } min
seconds = { $count } s
days-and = { $days ->
    [one] { $days } day { $rest }
   *[other] { $days } days { $rest }
}
ago-now = just now
ago = { $time } ago
range = about { $from } to { $to }
range-minutes = about { $from }–{ $to } min
range-one = about { $time }
range-within = within { $time }
as-of = Updated { $ago }
back = Back
again = Try again
loading = Loading…
to-rounds = See all sales
to-me = My purchases and limits

## A round

round-windows = When it is sold
round-window-stock = { $stock } on sale
round-discount = Discount
round-unit = Sold in steps of
round-limit = Most per person and month
round-countdown-lobby = Until you can join the line
round-countdown-open = Until the sale opens
round-countdown-own = Until your own sale time
round-opens = Opens { $at }
round-lobby-opens = You can join the line from { $at }
round-own-title = Not your sale time yet
round-own-window = This sale time is for others. Yours begins { $at }.
round-own-window-next = Join the line here then. There is no need to wait before.
round-open-now = On sale now
round-paused = The sale is paused
round-waiting-now = { $waiting ->
    [0] Nobody is waiting now
    [one] { $waiting } person is waiting now
   *[other] { $waiting } people are waiting now
}
round-draft = This sale is still being prepared
join = Join the line
join-busy = Joining the line…
signed-in = You are signed in
state-draft = Being prepared
state-scheduled = Planned
state-lobby = Opening soon
state-open = On sale
state-paused = Paused
state-sold_out = Sold out
state-closed = Over
who-all = Everybody
who-odd = People born in an odd year
who-even = People born in an even year
who-age = People aged { $from } to { $to }
who-district = Residents of { $district }

## In line

waiting-title = You are in line
lobby-title = Waiting for the sale to open
lobby-number = Once it opens, people are let in by number.
lobby-draw = The order is drawn when the sale opens. Everybody who is in the lobby by then has the same chance, however early they came.
ahead = Ahead of you
people = { $count ->
    [one] { $count } person
   *[other] { $count } people
}
people-unit = { $count ->
    [one] { " " }person
   *[other] { " " }people
}
number = Your number
eta = Estimated wait
eta-none = Cannot be said at the moment
eta-stock = Stock ends first
eta-soon = Your turn is near
outlook = Chances
outlook-likely = Good
outlook-possible = Fair
outlook-unlikely = Poor
outlook-no = None
outlook-likely-do = You will most probably be able to buy. Switch the alert on and wait.
outlook-possible-do = The stock may end before your turn. We tell you as soon as that changes.
outlook-unlikely-do = The stock will most probably end before your turn. Your place is kept if you wait, but the next sale may serve you better.
outlook-no-do = Nothing is left.
progress = How far the line has moved
kept = Your place is kept even if you close this page or lose the connection. You are let in automatically when your turn comes.
back-in-line = You came back after a missed turn and wait at the front of the line.
sound-on = Alert me at my turn
sound-off = Switch the alert off
sound-what = Sounds and vibrates at your turn, and keeps the screen on.
leave = Leave the line
leave-title = Leave the line?
leave-text = You lose your place. If you join again you stand at the end.
leave-yes = Leave
leave-no = Keep waiting
standby-title = You are on stand-by
standby-text = Nothing is left for the moment. When somebody’s payment fails, what comes back is offered to the lowest number first. Your place is kept.
standby-do = You can keep waiting or leave the line. We tell you at once when you have a chance.
paused-in-line = The operator has paused the sale. Your place is kept, and it goes on by itself.
paused-pass = Your time to buy stands still while the sale is paused. You can go on when it does.

## The connection

away-title = No connection
away-place = Your place is kept on the server. This page goes on by itself once you are connected.
away-plain = This page goes on by itself once you are connected.
away-seen = Last seen { $at } ({ $ago })
stale-title = No fresh figures
stale-text = The figures below are from { $ago }. Your place is kept, and we keep looking.
unverified = This browser cannot check signatures, so the signature of the waiting figures is not checked. Waiting and buying work all the same.

## The turn

admitted-title = It is your turn to buy
admitted-checking = Your turn has come, letting you in…
admitted-choose = Choose an amount
admitted-left = Time left to buy
admitted-pay = pay { $price }
admitted-other = Another amount
admitted-other-label = Amount (steps of { $unit }, up to { $most })
admitted-other-wrong = Enter a multiple of { $unit }, up to { $most }.
admitted-other-go = Use this amount
admitted-limit-wait = Checking how much you can buy…
admitted-limit-unknown = We could not check how much you can buy. Above your limit nothing is charged, and you can choose again.
admitted-nothing = You cannot buy more this month: your monthly or holding limit is used up.
admitted-sign-in = Your place is kept. Sign in again to buy.
allowance = You can buy
buying-title = Buy this?
amount = Voucher
discount = Discount
price = You pay
price-paid = You paid
from-account = Paid from the account you signed up with.
confirm = Pay { $price } and buy
paying-title = Your payment is being confirmed
paying-sending = Sending your purchase…
paying-under-way = Waiting for the bank’s answer. This usually takes less than a minute.
paying-once = You never pay twice, even if you close or reload this page.
bought-title = Bought
bought-elsewhere = You have already bought in this sale. See your purchases for the details.
bought-cancelled = This purchase was cancelled
bought-next = Your voucher is ready in the app that you bought it with, and listed under your purchases.
bought-at = Bought
voucher = Voucher number
bought-again = Join again to buy more
bought-again-what = If your limit allows, you can join the end of the line again.

## The end

sold_out-title = Sold out
sold_out-text = Nothing is left and nothing can come back. We are sorry that you waited for so long.
sold_out-plain = Everything in this sale has been sold.
sold_out-do = See when the next sale opens.
closed-title = The sale is over
closed-text = This sale has ended.
lapsed-title = Your turn has passed
lapsed-text = Your turn came, but the purchase was not completed in time. Nothing was charged.
lapsed-do = You can come back to the front of the line once. After that you join at the end.
lapsed-again = Back to the line
left-title = You have left the line
left-text = If you join again you stand at the end of the line.
left-again = Join again
story = What became of my place

## Signing in and up

enter-head = Sign in on this browser?
enter = A link brought you here to sign you in. Go on only if you came from your own payment app. If you did not, you would buy in somebody else's name.
enter-other = Somebody else is signed in on this browser now. If you go on, they are signed out here.
enter-app = App
enter-do = Sign in and go on
enter-not = Do not sign in
sign_in-title = Sign in first
sign_in-expired = You were signed out. Your place and any purchase under way are kept.
sign_in-text = Open this sale again from your app (Seoul Pay+, your bank’s app, …). It signs you in by itself.
virtual-person = Be a virtual person
virtual-person-what = This is a test server. Become a made-up person and use it as if it were real.
sign_up-title = Sign up
sign_up-text = Needed only once. You go on right after it.
sign_up-terms = I accept the terms of use
sign_up-account = Account to pay from
sign_up-account-what = Digits and hyphens only.
sign_up-do = Sign up and go on
sign_up-busy = Signing up…
sign_up-terms-missing = Please accept the terms.
sign_up-account-missing = Please check the account number: up to 64 letters, digits and hyphens.
sign_up-early = You have to sign up before you can buy. Do it now, while you wait: your place is kept.
sign_up-now = Sign up first, then buy. Your time to buy is running.
sign_up-go = Sign up

## Refusals: what it means, and the next step

refusal-suspended = { $feature ->
    [sign_up] Signing up is switched off for a time
    [gifts] Gifts are switched off for a time
   *[other] This is switched off for a time
}
refusal-suspended-next = { $until ->
    [none] Try again in a while.
   *[other] Try again after { $until }. A place in line is kept.
}
refusal-unauthenticated = Sign in first
refusal-unauthenticated-next = Open this sale again from your app. Your place is kept.
refusal-forbidden = This account cannot be used here
refusal-forbidden-next = Sign in again in your app, with your own account.
refusal-second-person-required = Somebody else must confirm
refusal-second-person-required-next = Ask an approver to confirm it.
refusal-body-too-large = That did not work
refusal-body-too-large-next = Shorten what you entered and try again.
refusal-unsupported-media-type = That did not work
refusal-unsupported-media-type-next = Reload this page and try again.
refusal-malformed = Please check what you entered
refusal-malformed-next = Something is missing or wrong. Correct it and try again.
refusal-idempotency-key-required = That did not work
refusal-idempotency-key-required-next = Nothing was charged. Reload this page and try again.
refusal-idempotency-key-reused = This clashes with an earlier request
refusal-idempotency-key-reused-next = Look at your purchases first, then try again.
refusal-invalid-amount = { $unit ->
    [none] This amount is not possible
   *[other] Not an amount that is sold
}
refusal-invalid-amount-next = { $unit ->
    [none] Choose another amount.
   *[other] Choose a multiple of { $unit }, within the monthly limit of { $limit }.
}
refusal-program-not-found = There is no such voucher
refusal-program-not-found-next = Choose again from the list of sales.
refusal-round-not-found = There is no such sale
refusal-round-not-found-next = The address has changed or was never right. Choose from the list of sales.
refusal-purchase-not-found = There is no such purchase
refusal-purchase-not-found-next = Check that you are signed in with the account that bought it.
refusal-voucher-not-found = There is no such voucher of yours
refusal-voucher-not-found-next = Check that you are signed in with the account that holds it.
refusal-merchant-not-found = There is no such merchant
refusal-merchant-not-found-next = Check the merchant’s code, or search again.
refusal-receiver-not-found = This person cannot receive gifts yet
refusal-receiver-not-found-next = Check their member number. They have to sign up before they can receive anything.
refusal-notice-not-found = There is no such notice
refusal-notice-not-found-next = Its time is over.
refusal-ask-not-found = There is no such request
refusal-ask-not-found-next = It was answered, or its time is over.
refusal-not-found = There is nothing at this address
refusal-not-found-next = Choose from the list of sales.
refusal-method-not-allowed = That did not work
refusal-method-not-allowed-next = Reload this page and try again.
refusal-version-changed = Changed meanwhile
refusal-version-changed-next = Look at it again, then decide.
refusal-not-registered = Sign up first
refusal-not-registered-next = You go on right after it.
refusal-channel-not-allowed = Not sold in this app
refusal-channel-not-allowed-next = { $channels ->
    [none] Use one of the other apps that sell this voucher.
   *[other] Use one of the apps that sell this voucher: { $channels }.
}
refusal-round-not-open = { $state ->
    [closed] This sale is over
    [paused] The sale is paused
   *[other] Not on sale yet
}
refusal-round-not-open-next = { $opens-at ->
    [none] { $state ->
        [closed] See when the next sale opens.
       *[other] You can go on here when it does. Nothing was charged.
    }
   *[other] It opens { $opens-at }. Try again then.
}
refusal-wrong-state = Not possible at the moment
refusal-wrong-state-next = Reload this page to see where things stand.
refusal-too-many-notices = Too many notices
refusal-too-many-notices-next = Withdraw one, then try again.
refusal-ask-pending = Another request is waiting
refusal-ask-pending-next = It must be answered first.
refusal-not-eligible = This is not your sale time
refusal-not-eligible-next = { $opens-at ->
    [none] No sale time for you is left in this sale. See the next one.
   *[other] Yours begins { $opens-at }.
}
refusal-ticket-invalid = Your ticket cannot be used
refusal-ticket-invalid-next = Join the line again. If you hold a place, you get that very place.
refusal-not-yet = It is not your turn yet
refusal-not-yet-next = { $ahead ->
    [none] Your place is kept. You are let in automatically when your turn comes.
   *[other] { $ahead } ahead of you. Your place is kept, and you are let in automatically.
}
refusal-turn-passed = Your turn has passed
refusal-turn-passed-next = It was used, or not used in time. Join the line again.
refusal-pass-required = You have no pass
refusal-pass-required-next = Nothing was charged. Join the line and wait for your turn.
refusal-pass-invalid = Your pass cannot be used
refusal-pass-invalid-next = Nothing was charged. Join the line again.
refusal-pass-expired = Your time to buy is over
refusal-pass-expired-next = Nothing was charged. You can come back to the front of the line once.
refusal-pass-used = This turn was already used to buy
refusal-pass-used-next = Each turn is good for one purchase. See your purchases.
refusal-monthly-limit-exceeded = Above your monthly limit
refusal-monthly-limit-exceeded-next = { $allowance ->
    [none] Nothing was charged. Choose a smaller amount.
   *[other] Nothing was charged. You can still buy { $allowance } this month.
}
refusal-holding-limit-exceeded = Above what you may hold
refusal-holding-limit-exceeded-next = { $room ->
    [none] Nothing was charged. Choose a smaller amount.
   *[other] Nothing was charged. You may still hold { $room } more.
}
refusal-sold-out = Nothing is left
refusal-sold-out-next = Nothing was charged. What comes back is offered to those on stand-by, in their order.
refusal-insufficient-stock = Less is left than that
refusal-insufficient-stock-next = { $remaining ->
    [none] Nothing was charged. Choose a smaller amount.
   *[other] Nothing was charged. Up to { $remaining } can be bought now.
}
refusal-voucher-not-active = This voucher cannot be used any more
refusal-voucher-not-active-next = Your vouchers show what became of it.
refusal-wrong-region = Not accepted here
refusal-wrong-region-next = Nothing was spent. Use it at a merchant of the voucher’s own region.
refusal-insufficient-balance = More than is left on the voucher
refusal-insufficient-balance-next = { $balance ->
    [none] Choose a smaller amount.
   *[other] { $balance } are left on it.
}
refusal-already-spent = This voucher has been used
refusal-already-spent-next = Only a voucher that is wholly unused can be cancelled. What is left can be refunded once enough is spent.
refusal-below-refund-threshold = Too little is spent for a refund
refusal-below-refund-threshold-next = { $threshold ->
    [none] Spend more of it first.
   *[other] From { $threshold } spent on, the rest can be refunded. So far it is { $spent }.
}
refusal-gift-not-refundable = A gift cannot be refunded
refusal-gift-not-refundable-next = You can spend it at any merchant that takes it.
refusal-receiver-limit-exceeded = They cannot receive that much
refusal-receiver-limit-exceeded-next = Nothing was given. Try a smaller amount.
refusal-payment-declined = Your payment was declined
refusal-payment-declined-next = Nothing was bought, and your limit is untouched. Check your account and try again in the time that is left.
refusal-payback-declined = The money could not be given back
refusal-payback-declined-next = The bank refused. Your voucher is as it was, and you can spend it.
refusal-overloaded = Very busy right now
refusal-overloaded-next = Nothing was done yet. We keep trying by ourselves; just stay here.
refusal-unavailable = Waiting for the server
refusal-unavailable-next = We keep trying by ourselves; just stay here. Nothing is done twice.
refusal-blocked = Something between you and openrun says no
refusal-blocked-next = Your place and whatever is under way are kept, and nothing is done twice. Switch between Wi-Fi and mobile data, turn off a VPN or ad blocker, or sign in to the Wi-Fi you are on, then try again.
refusal-other = That did not work ({ $code })
refusal-other-next = Try again in a while.
choose-again = Choose another amount
line-again = Join again

## What is said aloud

heard-turn = It is your turn to buy.
heard-away = The connection is lost. Your place is kept.
heard-back = You are connected again.
heard-outlook = Your chances: { $outlook }. { $do }
heard-half = Half of your time to buy is over. { $left } left.
heard-minute = One minute left to buy.
heard-ahead = { $count ->
    [one] { $count } person ahead of you. { $eta }
   *[other] { $count } people ahead of you. { $eta }
}
heard-notice = Notice: { $text }
title-turn = ★ Your turn
title-ahead = { $count } ahead

## All rounds

rounds-title = Sales
rounds-none = No sale is planned at the moment.
rounds-over = Past sales

## Mine

me-title = My purchases and limits
me-limits = Limits
me-month = Used in { $month }
me-held = Being paid
me-room = May still be held
me-purchases = Purchases
me-none = Nothing bought yet.
me-vouchers = Vouchers
me-balance = Balance
me-more = Show more
voucher-expires = Good until { $at }
voucher-open = History, cancel, refund, give
voucher-close = Close
voucher-history = History
voucher-pay = Pay a merchant
voucher-cancel = Cancel this purchase
voucher-cancel-ask = Cancel this purchase in full?
voucher-cancel-text = The voucher ends, and what you paid goes back to your account.
voucher-refund = Refund what is left
voucher-refund-ask = Refund what is left?
voucher-refund-text = The voucher ends. What is left, less its share of the discount, goes back to your account.
voucher-yes = Yes, do it
voucher-gift = Give some of it
voucher-gift-to = Member number of who receives it
voucher-gift-amount = Amount (up to { $most })
voucher-gift-text = A gift cannot be taken back, and whoever receives it cannot have it refunded.
voucher-gift-do = Give
voucher-busy = Under way. Nothing is done twice, even if you close this page.
voucher-done = Done.
voucher-unpaid = Unfinished payment
voucher-state-active = Can be spent
voucher-state-used_up = Used up
voucher-state-paying_back = Being paid back
voucher-state-cancelled = Cancelled
voucher-state-refunded = Refunded
voucher-state-expired = Expired
move-bought = Bought
move-received = Received as a gift
move-spent = Spent
move-given = Given away
move-paying_back = Being paid back
move-paid_back = Paid back
move-payback_refused = The bank refused to pay back
move-expired = Expired
me-state-held = Being paid
me-state-paying = Being paid
me-state-issued = Bought
me-state-voided = Not paid
me-state-cancelled = Cancelled

## Paying a merchant: these, and `page-pay-*` below

pay-perhaps = Probably not taken here
pay-busy = Paying…
pay-wait = This page says whether it is paid. It is paid once, even if you tap twice or load it again; do not pay in another way before it says so.
pay-unfinished = Unfinished payment
pay-unfinished-text = No answer came to this payment: it may have been paid, or not. If you have paid in another way since, do not go on. Going on never pays it twice.
pay-unfinished-at = Confirmed at
pay-unfinished-go = Go on and pay {$amount}
pay-forget = Forget it
pay-forgotten = This payment is not sent again. Whether it was paid stands in the history of the voucher.
pay-history = See my vouchers
pay-not-found = Payment not found
pay-not-found-text = It is none of the last 100 entries of this voucher, or not of this merchant. Your vouchers show the whole history. Nothing was paid now.

# The server's own: the pages as they are without scripts. Read by src/http/pages/; the build leaves
# these messages out of the scripts.

page-name = openrun
page-skip = Skip to the content
page-navigation = Pages
page-rounds = Sales
page-me = Mine
page-docs = For developers
page-board = How this sale stands
page-console = Console
page-console-scripts = The console needs scripts: switch them on in this browser, or use the ops API.
page-ops-docs = Documentation of the ops API
page-ops-openapi = OpenAPI 3.1
page-ops-metrics = Metrics
page-ops-ready = Readiness
page-ops-version = Version
page-rounds-none = No sale has been announced yet.
page-round-none = There is no such sale.
page-round-none-more = It may have been renamed. All sales are on the first page.
page-as-of = As of
page-unknown = not known now
page-state-draft = Being prepared
page-state-scheduled = Opens by itself
page-state-lobby = Before opening, people can join
page-state-open = On sale
page-state-paused = Stopped for now, every place is kept
page-state-sold-out = Sold out
page-state-closed = Over
page-phase-ahead = ahead
page-phase-open = open
page-phase-over = over
page-unit = Price
page-monthly-limit = Most in a month, each person
page-windows = When it is sold
page-window-who = Who
page-window-when = When
page-window-phase = State
page-window-left = Left
page-sale = How the sale stands
page-left = Left
page-sold = Sold
page-waiting = People who wait
page-lines = The line
page-line-watermark = Turn up to number
page-line-last = Last number given
page-line-wait = Wait of who joins now
page-enter-head = Sign in on this browser?
page-enter = An app or another site sent you here to sign you in. Go on only if you came from your own payment app. If you did not, you would buy in somebody else's name.
page-enter-app = App
page-enter-do = Sign in and go on
page-enter-not = Do not sign in
page-sign-in-head = Sign in
page-sign-in = Open this page from the app of your bank or payment service: it tells us who you are. You need no password here.
page-virtual-person = Be a virtual person
page-sign-out = Sign out
page-sign-up-head = Sign up first
page-sign-up = Once, before your first purchase. Vouchers are paid from this account. Your place in line is kept meanwhile.
page-account = Account number
page-terms = I accept the terms of the voucher
page-sign-up-do = Sign up
page-join-head = Join the line
page-join = Your place is yours on every device and in every app. Closing this page loses nothing.
page-join-do = Join the line
page-join-again = Join again
page-leave-do = Give up my place
page-no-window = You are not among those to whom this sale sells, or their time is over.
page-not-yet-open = Not open for you yet
page-opens-at = Opens for you
page-lobby-at = You can join from
page-lobby-head = You are in before the opening
page-lobby = The sale has not begun. Your place is kept; come back when it opens.
page-waiting-head = You are in line
page-waiting-more = Your place is kept, also when you close this page or lose the connection.
page-turn-head = It is your turn
page-turn = Take your turn now: from then on you have time to buy.
page-claim-do = Take my turn
page-lapsed-head = Your turn has passed
page-lapsed = It was not used in time. You can come back once, to the head of the line.
page-left-head = You have left the line
page-left-more = You gave up your place. Joining again gives you a new one at the end.
page-bought-head = Bought
page-bought = Paid. The voucher is yours.
page-bought-before = You have bought with this place.
page-bought-where = Your purchases and vouchers are on your own page.
page-stand-by-head = Stand-by
page-stand-by = Everything is taken for now. What comes back goes to the lowest number first; your place is kept.
page-sold-out-head = Sold out
page-sold-out = Nothing is left, and nothing can come back.
page-closed-head = The sale is over
page-closed = This sale, or your part of it, has ended.
page-number = Your number
page-channels = It is sold in
page-ahead = People ahead of you
page-eta = Estimated wait
page-outlook = Chances
page-outlook-likely = The stock will most probably reach you
page-outlook-possible = The stock may reach you
page-outlook-unlikely = The stock will most probably not reach you
page-outlook-no = The stock cannot reach you
page-looks-by-itself = This page looks again by itself.
page-look-off = Stop that
page-allowance = You may still buy
page-room = You may still hold
page-no-allowance = You have bought as much as you may this month, or hold as much as you may.
page-amount = Amount
page-amount-rule = In steps of {$unit}
page-amount-unit = In steps of
page-price = You pay
page-pass-until = Time to buy until
page-buy-do = Buy
page-confirm-head = Is this right?
page-confirm-do = Yes, buy
page-back = Change the amount
page-paying-head = Payment under way
page-paying = Your bank has not answered yet. The stock is held for you; nothing is lost if you close this page.
page-voided-head = Not paid
page-voided = The payment did not go through. Nothing was bought, and your turn is still good while it lasts.
page-cancelled-head = Cancelled
page-cancelled = This purchase was cancelled in full.
page-purchase = Purchase
page-voucher = Voucher
page-to-the-round = Back to the sale
page-again = Try again
page-foreign-head = This did not come from our page
page-foreign = For your safety nothing was done. Open the sale here and try again.
page-next-sign-in = Open this page from the app of your bank or payment service again.
page-next-sign-up = Sign up on the page of the sale, then try again.
page-next-channel = Use one of the apps that sell this voucher.
page-next-window = Come back when it opens for you.
page-next-wait = Your place is kept. Wait for your number.
page-next-join = Go back to the sale and join the line again.
page-next-bought = See your own page: the purchase is there.
page-next-amount = Choose another amount.
page-next-sold-out = Nothing is left for now. If something comes back, it goes to those in line.
page-next-payment = Nothing was bought. Look at your account, then try again: your turn is still good while it lasts.
page-next-suspended = This has been switched off for a time. Everything else works.
page-next-again = Wait a few seconds, then try again: nothing is done twice.
page-next-back = Go back and try again.
page-until = Until
page-why = Why
page-limits = What I may still buy
page-month = Month
page-used = Bought this month
page-purchases = My purchases
page-purchases-none = Nothing yet.
page-purchase-state = State
page-purchase-paying = payment under way
page-purchase-issued = paid, voucher issued
page-purchase-voided = not paid
page-purchase-cancelled = cancelled
page-bought-at = When
page-older = Older ones
page-vouchers = My vouchers
page-voucher-open = History, cancel, refund, give
page-voucher-back = Back to the voucher
page-voucher-balance = Balance
page-voucher-spent = Spent
page-voucher-expires = Good until
page-voucher-history = History
page-voucher-active = can be spent
page-voucher-used-up = used up
page-voucher-paying-back = being paid back
page-voucher-refunded = refunded
page-voucher-expired = expired
page-voucher-under-way = The bank has not confirmed it yet. Nothing is lost if you close this page.
page-cancel-head = Cancel the purchase
page-cancel-text = The voucher ends, and what you paid goes back to your account.
page-cancel-do = Cancel the purchase
page-refund-head = Refund what is left
page-refund-text = The voucher ends. What is left, less its share of the discount, goes back to your account.
page-refund-do = Refund what is left
page-gift-head = Give some of it
page-gift-text = A gift cannot be taken back, and whoever receives it cannot have it refunded.
page-gift-to = Member number of who receives it
page-gift-do = Give
page-sure = I want this
page-move-bought = bought
page-move-received = received as a gift
page-move-spent = spent
page-move-given = given away
page-move-paid-back = paid back
page-move-refused = the bank refused to pay back
page-share-spent = Spent so far
page-share-needed = Refundable from
page-next-receiver = They have to sign up first. Check the member number.
page-next-spend = You can spend it at any merchant that takes it.
page-pay = Pay
page-pay-find-head = Find a merchant
page-pay-find-what = Type words of the name or of what they sell. A merchant’s own link or code leads straight to paying.
page-pay-text = Name, or what they sell
page-pay-region = Region
page-pay-anywhere = Everywhere
page-pay-find-do = Search
page-pay-only = Only merchants that take this voucher: {$program}
page-pay-all = Search all merchants
page-pay-found = Merchants
page-pay-none = No merchant is found. Try fewer or other words, or another region.
page-pay-more = More merchants
page-pay-number = Merchant number
page-pay-number-head = By number
page-pay-number-what = It stands on the merchant’s sign, below the code.
page-pay-number-do = Go to this merchant
page-pay-merchant = Pay a merchant
page-pay-merchant-name = Merchant
page-pay-with = Voucher to pay with
page-pay-amount = Amount to pay
page-pay-next = Next
page-pay-nothing = You have no voucher with anything left on it. Buy one in a sale first.
page-pay-none-fits = None of your vouchers can be used here. Nothing was spent. Find a merchant that takes them.
page-pay-others = Not usable here
page-pay-elsewhere = Find merchants that take it
page-pay-too-much = Only {$balance} are left on this voucher. Pay less with it, or choose another one.
page-pay-amount-wrong = Enter the amount in digits, at least 1 won.
page-pay-confirm-head = Pay this?
page-pay-after = Left on the voucher afterwards
page-pay-confirm-do = Pay {$amount}
page-pay-once = It is paid once, even if you tap twice or load this page again.
page-pay-change = Change the amount
page-pay-back = Back to the payment
page-pay-again = Pay here once more
page-paid-head = Paid
page-paid-show = Show this to the merchant.
page-paid-before = This had been paid already, at the time below. Nothing was paid again.
page-paid-at = Paid at
page-paid-number = Payment number
page-next-merchant = Check the merchant’s number, or search for them.
page-next-region = Nothing was spent. Use it at a merchant of the voucher’s own region, or pay with another voucher.
page-next-voucher = Nothing was spent. Your own page shows what became of it; pay with another voucher.
