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
refusal-invalid-amount = This amount cannot be bought
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
refusal-notice-not-found = There is no such notice
refusal-notice-not-found-next = Its time is over.
refusal-not-found = There is nothing at this address
refusal-not-found-next = Choose from the list of sales.
refusal-method-not-allowed = That did not work
refusal-method-not-allowed-next = Reload this page and try again.
refusal-not-registered = Sign up first
refusal-not-registered-next = You go on right after it.
refusal-channel-not-allowed = Not sold in this app
refusal-channel-not-allowed-next = Use one of the other apps that sell this voucher.
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
refusal-payment-declined = Your payment was declined
refusal-payment-declined-next = Nothing was bought, and your limit is untouched. Check your account and try again in the time that is left.
refusal-overloaded = Very busy right now
refusal-overloaded-next = Nothing was done yet. We keep trying by ourselves; just stay here.
refusal-unavailable = Waiting for the server
refusal-unavailable-next = We keep trying by ourselves; just stay here. Nothing is done twice.
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
me-state-held = Being paid
me-state-paying = Being paid
me-state-issued = Bought
me-state-voided = Not paid
me-state-cancelled = Cancelled
