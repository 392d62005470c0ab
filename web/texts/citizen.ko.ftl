# What people see on their phone. `page-*` at the end are the server's own words.

## Everywhere

name = openrun
won = { $amount }원
hours = { $count }시간
minutes = { $count }분
seconds = { $count }초
days-and = { $days }일 { $rest }
ago-now = 방금
ago = { $time } 전
range = 약 { $from }~{ $to }
range-minutes = 약 { $from }~{ $to }분
range-one = 약 { $time }
range-within = { $time } 이내
as-of = { $ago } 기준
back = 돌아가기
again = 다시 시도
loading = 불러오는 중입니다…
to-rounds = 판매 회차 보기
to-me = 내 구매와 한도 보기

## A round

round-windows = 판매 시간
round-window-stock = 판매 금액 { $stock }
round-discount = 할인율
round-unit = 구매 단위
round-limit = 1인 월 구매 한도
round-countdown-lobby = 줄 서기 시작까지
round-countdown-open = 판매 시작까지
round-countdown-own = 내 판매 시간까지
round-opens = { $at }에 시작합니다
round-lobby-opens = { $at }부터 줄을 설 수 있습니다
round-own-title = 내 판매 시간이 아닙니다
round-own-window = 지금은 다른 분들의 판매 시간입니다. 내 판매 시간은 { $at }에 시작합니다.
round-own-window-next = 그때 이 화면에서 줄을 서 주세요. 미리 기다리실 필요는 없습니다.
round-open-now = 지금 판매 중입니다
round-paused = 판매가 잠시 멈췄습니다
round-waiting-now = { $waiting ->
    [0] 지금은 기다리는 사람이 없습니다
   *[other] 지금 { $waiting }명이 기다리고 있습니다
}
round-draft = 아직 준비 중인 회차입니다
join = 줄 서기
join-busy = 줄을 서는 중입니다…
signed-in = 로그인되어 있습니다
state-draft = 준비 중
state-scheduled = 판매 예정
state-lobby = 곧 시작
state-open = 판매 중
state-paused = 일시 중지
state-sold_out = 판매 완료
state-closed = 종료
who-all = 누구나
who-odd = 출생 연도 끝자리가 홀수인 분
who-even = 출생 연도 끝자리가 짝수인 분
who-age = 만 { $from }세~{ $to }세
who-district = { $district } 거주자

## In line

waiting-title = 대기 중입니다
lobby-title = 판매 시작을 기다리고 있습니다
lobby-number = 시작되면 대기 번호 순서로 입장합니다.
lobby-draw = 판매가 시작되면 추첨으로 순서를 정합니다. 지금 대기실에 있는 사람은 먼저 왔든 나중에 왔든 기회가 같습니다.
ahead = 내 앞에
people = { $count }명
people-unit = { $count ->
   *[other] 명
}
number = 대기 번호
eta = 예상 대기 시간
eta-none = 지금은 예상할 수 없습니다
eta-stock = 재고 소진이 먼저
eta-soon = 곧 차례입니다
outlook = 구매 전망
outlook-likely = 가능성 높음
outlook-possible = 가능성 있음
outlook-unlikely = 가능성 낮음
outlook-no = 구매 불가
outlook-likely-do = 차례가 오면 구매하실 수 있을 것으로 보입니다. 알림을 켜 두고 기다려 주세요.
outlook-possible-do = 재고가 먼저 끝날 수도 있습니다. 기다리는 동안 전망이 바뀌면 바로 알려 드립니다.
outlook-unlikely-do = 재고가 먼저 끝날 가능성이 큽니다. 계속 기다리셔도 순서는 유지되지만, 다음 회차를 이용하시는 편이 나을 수 있습니다.
outlook-no-do = 남은 수량이 없습니다.
progress = 줄이 줄어든 정도
kept = 화면을 닫거나 연결이 끊겨도 순서는 그대로입니다. 차례가 되면 자동으로 입장합니다.
back-in-line = 지나간 차례를 되살려 다시 기다리고 있습니다. 줄의 맨 앞쪽입니다.
sound-on = 차례 알림 켜기
sound-off = 차례 알림 끄기
sound-what = 소리와 진동으로 알리고 화면이 꺼지지 않게 합니다.
leave = 줄에서 나가기
leave-title = 줄에서 나갈까요?
leave-text = 나가면 지금 순서를 잃고, 다시 서면 맨 뒤로 갑니다.
leave-yes = 나가기
leave-no = 계속 기다리기
standby-title = 예비 대기 중입니다
standby-text = 지금은 남은 수량이 없지만, 결제되지 않은 수량이 돌아오면 앞 번호부터 차례로 기회를 드립니다. 순서는 그대로 유지됩니다.
standby-do = 계속 기다리시거나 줄에서 나가셔도 됩니다. 기회가 오면 바로 알려 드립니다.
paused-in-line = 운영자가 판매를 잠시 멈췄습니다. 순서는 그대로이며, 다시 시작되면 자동으로 이어집니다.
paused-pass = 판매가 멈춘 동안에는 구매 시간이 줄지 않습니다. 다시 시작되면 이어서 구매하실 수 있습니다.

## The connection

away-title = 연결이 끊겼습니다
away-place = 순서는 서버에 그대로 보관되어 있습니다. 연결되면 자동으로 이어집니다.
away-plain = 연결되면 자동으로 이어집니다.
away-seen = 마지막 확인: { $at } ({ $ago })
stale-title = 최신 정보를 받지 못하고 있습니다
stale-text = 아래 숫자는 { $ago } 정보입니다. 순서는 그대로이며, 계속 확인하고 있습니다.
unverified = 이 브라우저는 서명 확인 기능이 없어 대기 정보의 전자서명은 확인하지 못합니다. 대기와 구매에는 영향이 없습니다.

## The turn

admitted-title = 지금 구매하실 차례입니다
admitted-checking = 차례가 되어 입장하고 있습니다…
admitted-choose = 금액을 고르세요
admitted-left = 남은 구매 시간
admitted-pay = { $price } 결제
admitted-other = 다른 금액
admitted-other-label = 금액({ $unit } 단위, 최대 { $most })
admitted-other-wrong = { $unit } 단위로 { $most }까지 입력해 주세요.
admitted-other-go = 이 금액으로
admitted-limit-wait = 구매 가능 금액을 확인하고 있습니다…
admitted-limit-unknown = 구매 가능 금액을 아직 확인하지 못했습니다. 한도를 넘으면 결제되지 않고 다시 고르실 수 있습니다.
admitted-nothing = 이번 달에는 더 구매하실 수 없습니다. 월 한도나 보유 한도를 모두 사용하셨습니다.
admitted-sign-in = 순서는 그대로입니다. 구매하려면 다시 로그인해 주세요.
allowance = 구매 가능 금액
buying-title = 이대로 구매할까요?
amount = 상품권 금액
discount = 할인
price = 결제 금액
price-paid = 결제한 금액
from-account = 등록하신 계좌에서 결제됩니다.
confirm = { $price } 결제하고 구매
paying-title = 결제를 확인하고 있습니다
paying-sending = 구매 요청을 보내고 있습니다…
paying-under-way = 결제 기관의 응답을 기다리고 있습니다. 보통 1분 안에 끝납니다.
paying-once = 화면을 닫거나 다시 열어도 두 번 결제되지 않습니다.
bought-title = 구매했습니다
bought-elsewhere = 이 회차에서 이미 구매하셨습니다. 내역은 내 구매에서 확인하실 수 있습니다.
bought-cancelled = 취소된 구매입니다
bought-next = 상품권은 구매하신 앱에서 바로 쓰실 수 있고, 내 구매에서도 확인하실 수 있습니다.
bought-at = 구매 시각
voucher = 상품권 번호
bought-again = 더 구매하려면 다시 줄 서기
bought-again-what = 한도가 남아 있으면 줄의 맨 뒤에 다시 설 수 있습니다.

## The end

sold_out-title = 모두 판매되었습니다
sold_out-text = 남은 수량이 없고 돌아올 수량도 없습니다. 오래 기다리셨는데 죄송합니다.
sold_out-plain = 이 회차는 모두 판매되었습니다.
sold_out-do = 다음 회차의 판매 시간을 확인해 주세요.
closed-title = 판매가 끝났습니다
closed-text = 이 회차의 판매가 끝났습니다.
lapsed-title = 차례가 지나갔습니다
lapsed-text = 차례가 왔지만 시간 안에 구매가 끝나지 않았습니다. 결제된 금액은 없습니다.
lapsed-do = 한 번은 줄의 맨 앞쪽으로 돌아올 수 있습니다. 두 번째부터는 맨 뒤에 서게 됩니다.
lapsed-again = 줄로 돌아가기
left-title = 줄에서 나왔습니다
left-text = 다시 서면 줄의 맨 뒤에 서게 됩니다.
left-again = 다시 줄 서기
story = 내 대기 결과 자세히 보기

## Signing in and up

enter-head = 이 브라우저에서 로그인할까요?
enter = 로그인 정보가 담긴 링크로 들어오셨습니다. 본인의 결제 앱에서 오신 경우에만 계속해 주세요. 아니라면 다른 사람 이름으로 구매하게 될 수 있습니다.
enter-other = 지금 이 브라우저에는 다른 사람이 로그인되어 있습니다. 계속하시면 그 사람은 여기서 로그아웃됩니다.
enter-app = 앱
enter-do = 로그인하고 계속하기
enter-not = 로그인하지 않기
sign_in-title = 로그인이 필요합니다
sign_in-expired = 로그인 시간이 지났습니다. 순서와 진행 중인 구매는 그대로입니다.
sign_in-text = 이용하시는 앱(서울Pay+, 은행 앱 등)에서 이 판매를 다시 열어 주세요. 로그인 정보가 자동으로 전달됩니다.
virtual-person = 가상 인물로 시작하기
virtual-person-what = 시험용 서버입니다. 가상 인물을 만들어 실제처럼 이용해 볼 수 있습니다.
sign_up-title = 회원 가입
sign_up-text = 처음 한 번만 필요합니다. 가입하면 바로 이어서 진행합니다.
sign_up-terms = 이용 약관에 동의합니다
sign_up-account = 결제 계좌 번호
sign_up-account-what = 숫자와 붙임표(-)만 입력해 주세요.
sign_up-do = 가입하고 계속하기
sign_up-busy = 가입하는 중입니다…
sign_up-terms-missing = 약관에 동의해 주세요.
sign_up-account-missing = 계좌 번호를 확인해 주세요. 영문자, 숫자, 붙임표만 64자까지 쓸 수 있습니다.
sign_up-early = 구매하려면 회원 가입이 필요합니다. 기다리는 동안 미리 가입해 두세요. 순서는 그대로입니다.
sign_up-now = 구매하려면 먼저 회원 가입이 필요합니다. 구매 시간이 흐르고 있습니다.
sign_up-go = 회원 가입하기

## Refusals: what it means, and the next step

refusal-suspended = { $feature ->
    [sign_up] 회원 가입이 일시 중단되었습니다
    [gifts] 선물하기가 일시 중단되었습니다
   *[other] 이 기능이 일시 중단되었습니다
}
refusal-suspended-next = { $until ->
    [none] 잠시 후 다시 시도해 주세요.
   *[other] { $until } 이후에 다시 시도해 주세요. 이미 선 줄의 순서는 그대로입니다.
}
refusal-unauthenticated = 로그인이 필요합니다
refusal-unauthenticated-next = 이용하시는 앱에서 이 판매를 다시 열어 주세요. 순서는 그대로입니다.
refusal-forbidden = 이용할 수 없는 계정입니다
refusal-forbidden-next = 이용하시는 앱에서 본인 계정으로 다시 로그인해 주세요.
refusal-second-person-required = 다른 사람이 승인해야 합니다
refusal-second-person-required-next = 승인자에게 승인을 요청해 주세요.
refusal-body-too-large = 요청을 처리하지 못했습니다
refusal-body-too-large-next = 입력한 내용을 줄여 다시 시도해 주세요.
refusal-unsupported-media-type = 요청을 처리하지 못했습니다
refusal-unsupported-media-type-next = 화면을 새로 고친 뒤 다시 시도해 주세요.
refusal-malformed = 입력한 내용을 확인해 주세요
refusal-malformed-next = 빠지거나 잘못된 항목이 있습니다. 고쳐서 다시 시도해 주세요.
refusal-idempotency-key-required = 요청을 처리하지 못했습니다
refusal-idempotency-key-required-next = 결제되지 않았습니다. 화면을 새로 고친 뒤 다시 시도해 주세요.
refusal-idempotency-key-reused = 앞선 요청과 겹쳤습니다
refusal-idempotency-key-reused-next = 내 구매에서 앞선 구매를 먼저 확인한 뒤 다시 시도해 주세요.
refusal-invalid-amount = { $unit ->
    [none] 처리할 수 없는 금액입니다
   *[other] 구매할 수 없는 금액입니다
}
refusal-invalid-amount-next = { $unit ->
    [none] 다른 금액을 골라 주세요.
   *[other] { $unit } 단위로, 월 한도 { $limit } 안에서 골라 주세요.
}
refusal-program-not-found = 상품권을 찾을 수 없습니다
refusal-program-not-found-next = 판매 회차 목록에서 다시 골라 주세요.
refusal-round-not-found = 판매 회차를 찾을 수 없습니다
refusal-round-not-found-next = 주소가 바뀌었거나 없는 회차입니다. 판매 회차 목록에서 다시 골라 주세요.
refusal-purchase-not-found = 구매 내역을 찾을 수 없습니다
refusal-purchase-not-found-next = 구매하신 계정으로 로그인했는지 확인해 주세요.
refusal-voucher-not-found = 상품권을 찾을 수 없습니다
refusal-voucher-not-found-next = 상품권을 보유한 계정으로 로그인했는지 확인해 주세요.
refusal-merchant-not-found = 가맹점을 찾을 수 없습니다
refusal-merchant-not-found-next = 가맹점 번호를 확인하거나 다시 검색해 주세요.
refusal-receiver-not-found = 아직 선물을 받을 수 없는 분입니다
refusal-receiver-not-found-next = 회원 번호를 확인해 주세요. 선물을 받으려면 먼저 회원 가입이 필요합니다.
refusal-notice-not-found = 공지를 찾을 수 없습니다
refusal-notice-not-found-next = 게시 기간이 지난 공지입니다.
refusal-ask-not-found = 요청을 찾을 수 없습니다
refusal-ask-not-found-next = 이미 처리되었거나 시한이 지난 요청입니다.
refusal-not-found = 찾을 수 없는 주소입니다
refusal-not-found-next = 판매 회차 목록에서 다시 골라 주세요.
refusal-method-not-allowed = 요청을 처리하지 못했습니다
refusal-method-not-allowed-next = 화면을 새로 고친 뒤 다시 시도해 주세요.
refusal-version-changed = 그사이 변경되었습니다
refusal-version-changed-next = 다시 확인한 뒤 결정해 주세요.
refusal-not-registered = 회원 가입이 필요합니다
refusal-not-registered-next = 가입하면 바로 이어서 진행합니다.
refusal-channel-not-allowed = 이 앱에서는 판매하지 않습니다
refusal-channel-not-allowed-next = { $channels ->
    [none] 이 상품권을 판매하는 다른 앱에서 이용해 주세요.
   *[other] 이 상품권을 판매하는 앱에서 이용해 주세요: { $channels }
}
refusal-round-not-open = { $state ->
    [closed] 판매가 끝난 회차입니다
    [paused] 판매가 잠시 멈췄습니다
   *[other] 아직 판매 시간이 아닙니다
}
refusal-round-not-open-next = { $opens-at ->
    [none] { $state ->
        [closed] 다음 회차의 판매 시간을 확인해 주세요.
       *[other] 다시 시작되면 이 화면에서 이어서 하실 수 있습니다. 결제된 금액은 없습니다.
    }
   *[other] { $opens-at }에 시작합니다. 그때 다시 시도해 주세요.
}
refusal-wrong-state = 지금은 할 수 없습니다
refusal-wrong-state-next = 화면을 새로 고쳐 현재 상태를 확인해 주세요.
refusal-too-many-notices = 공지가 너무 많습니다
refusal-too-many-notices-next = 공지 하나를 내린 뒤 다시 시도해 주세요.
refusal-ask-pending = 대기 중인 요청이 있습니다
refusal-ask-pending-next = 먼저 올린 요청이 처리된 뒤 다시 시도해 주세요.
refusal-not-eligible = 구매하실 수 있는 판매 시간이 아닙니다
refusal-not-eligible-next = { $opens-at ->
    [none] 이 회차에는 더 이상 구매하실 수 있는 시간이 없습니다. 다음 회차를 확인해 주세요.
   *[other] 내 판매 시간은 { $opens-at }에 시작합니다.
}
refusal-ticket-invalid = 대기표를 사용할 수 없습니다
refusal-ticket-invalid-next = 다시 줄을 서 주세요. 이미 자리가 있다면 그 자리를 그대로 찾아 드립니다.
refusal-not-yet = 아직 차례가 아닙니다
refusal-not-yet-next = { $ahead ->
    [none] 순서는 그대로입니다. 차례가 되면 자동으로 입장합니다.
   *[other] 앞에 { $ahead }명이 있습니다. 순서는 그대로이며 차례가 되면 자동으로 입장합니다.
}
refusal-turn-passed = 차례가 지났습니다
refusal-turn-passed-next = 이미 사용했거나 시간이 지난 차례입니다. 다시 줄을 서 주세요.
refusal-pass-required = 입장권이 없습니다
refusal-pass-required-next = 결제되지 않았습니다. 줄을 서서 차례를 기다려 주세요.
refusal-pass-invalid = 입장권을 사용할 수 없습니다
refusal-pass-invalid-next = 결제되지 않았습니다. 다시 줄을 서 주세요.
refusal-pass-expired = 구매 시간이 지났습니다
refusal-pass-expired-next = 결제되지 않았습니다. 한 번은 줄의 맨 앞쪽으로 돌아올 수 있습니다.
refusal-pass-used = 이미 구매에 사용한 차례입니다
refusal-pass-used-next = 한 차례에 한 번만 구매할 수 있습니다. 내 구매에서 내역을 확인해 주세요.
refusal-monthly-limit-exceeded = 월 구매 한도를 넘습니다
refusal-monthly-limit-exceeded-next = { $allowance ->
    [none] 결제되지 않았습니다. 더 적은 금액을 골라 주세요.
   *[other] 결제되지 않았습니다. 이번 달에 더 구매하실 수 있는 금액은 { $allowance }입니다.
}
refusal-holding-limit-exceeded = 보유 한도를 넘습니다
refusal-holding-limit-exceeded-next = { $room ->
    [none] 결제되지 않았습니다. 더 적은 금액을 골라 주세요.
   *[other] 결제되지 않았습니다. 더 보유하실 수 있는 금액은 { $room }입니다.
}
refusal-sold-out = 남은 수량이 없습니다
refusal-sold-out-next = 결제되지 않았습니다. 수량이 돌아오면 예비 대기 순서대로 기회를 드립니다.
refusal-insufficient-stock = 남은 금액이 부족합니다
refusal-insufficient-stock-next = { $remaining ->
    [none] 결제되지 않았습니다. 더 적은 금액을 골라 주세요.
   *[other] 결제되지 않았습니다. 지금 { $remaining }까지 구매하실 수 있습니다.
}
refusal-voucher-not-active = 더 이상 사용할 수 없는 상품권입니다
refusal-voucher-not-active-next = 내 상품권에서 현재 상태를 확인해 주세요.
refusal-wrong-region = 이 가맹점에서는 사용할 수 없습니다
refusal-wrong-region-next = 사용되지 않았습니다. 상품권의 사용 지역에 있는 가맹점에서 이용해 주세요.
refusal-insufficient-balance = 상품권 잔액이 부족합니다
refusal-insufficient-balance-next = { $balance ->
    [none] 더 적은 금액을 입력해 주세요.
   *[other] 남은 잔액은 { $balance }입니다.
}
refusal-already-spent = 이미 사용한 상품권입니다
refusal-already-spent-next = 전혀 사용하지 않은 상품권만 취소할 수 있습니다. 정해진 비율 이상 사용하면 남은 잔액을 환불받을 수 있습니다.
refusal-below-refund-threshold = 아직 환불받을 수 없습니다
refusal-below-refund-threshold-next = { $threshold ->
    [none] 조금 더 사용한 뒤에 환불받을 수 있습니다.
   *[other] { $threshold } 이상 사용해야 남은 잔액을 환불받을 수 있습니다. 지금까지 { $spent } 사용하셨습니다.
}
refusal-gift-not-refundable = 선물받은 상품권은 환불되지 않습니다
refusal-gift-not-refundable-next = 사용할 수 있는 가맹점에서 그대로 이용해 주세요.
refusal-receiver-limit-exceeded = 받는 분이 받을 수 있는 금액을 넘습니다
refusal-receiver-limit-exceeded-next = 선물되지 않았습니다. 더 적은 금액으로 다시 시도해 주세요.
refusal-payment-declined = 결제가 거절되었습니다
refusal-payment-declined-next = 구매되지 않았고 한도도 그대로입니다. 계좌 잔액을 확인한 뒤 남은 시간 안에 다시 시도해 주세요.
refusal-payback-declined = 환불되지 않았습니다
refusal-payback-declined-next = 은행에서 거절했습니다. 상품권은 그대로이며 계속 사용하실 수 있습니다.
refusal-overloaded = 지금 요청이 많습니다
refusal-overloaded-next = 처리된 것은 없습니다. 자동으로 다시 시도하고 있으니 그대로 기다려 주세요.
refusal-unavailable = 서버의 응답을 기다리고 있습니다
refusal-unavailable-next = 자동으로 다시 시도하고 있으니 그대로 기다려 주세요. 두 번 처리되지 않습니다.
refusal-blocked = 네트워크에서 접속을 막고 있습니다
refusal-blocked-next = 순서와 진행 중인 요청은 그대로이며 두 번 처리되지 않습니다. Wi-Fi와 모바일 데이터를 바꾸거나, VPN·광고 차단을 끄거나, 사용 중인 Wi-Fi에 먼저 로그인한 뒤 다시 시도해 주세요.
refusal-other = 처리하지 못했습니다 ({ $code })
refusal-other-next = 잠시 후 다시 시도해 주세요.
choose-again = 금액 다시 고르기
line-again = 다시 줄 서기

## What is said aloud

heard-turn = 지금 구매하실 차례입니다.
heard-away = 연결이 끊겼습니다. 순서는 그대로입니다.
heard-back = 다시 연결되었습니다.
heard-outlook = 구매 전망: { $outlook }. { $do }
heard-half = 구매 시간이 절반 남았습니다. { $left } 남았습니다.
heard-minute = 구매 시간이 1분 남았습니다.
heard-ahead = 내 앞에 { $count }명. { $eta }
heard-notice = 공지: { $text }
title-turn = ★ 지금 차례입니다
title-ahead = { $count }명 앞

## All rounds

rounds-title = 판매 회차
rounds-none = 지금 예정된 판매가 없습니다.
rounds-over = 지난 회차

## Mine

me-title = 내 구매와 한도
me-limits = 한도
me-month = { $month } 사용 금액
me-held = 결제 진행 중
me-room = 더 보유할 수 있는 금액
me-purchases = 구매 내역
me-none = 아직 구매 내역이 없습니다.
me-vouchers = 상품권
me-balance = 잔액
me-more = 더 보기
voucher-expires = { $at }까지 사용
voucher-open = 이용 내역·취소·환불·선물
voucher-close = 접기
voucher-history = 이용 내역
voucher-pay = 가맹점에 결제
voucher-cancel = 구매 취소
voucher-cancel-ask = 이 구매를 전액 취소할까요?
voucher-cancel-text = 상품권은 없어지고, 결제하신 금액이 계좌로 돌아갑니다.
voucher-refund = 잔액 환불
voucher-refund-ask = 남은 잔액을 환불받을까요?
voucher-refund-text = 상품권은 종료됩니다. 잔액에서 할인받은 몫을 뺀 금액이 계좌로 돌아갑니다.
voucher-yes = 네, 진행합니다
voucher-gift = 선물하기
voucher-gift-to = 받는 분의 회원 번호
voucher-gift-amount = 금액(최대 { $most })
voucher-gift-text = 선물은 되돌릴 수 없으며, 받는 분은 환불받을 수 없습니다.
voucher-gift-do = 선물하기
voucher-busy = 처리하고 있습니다. 화면을 닫아도 두 번 처리되지 않습니다.
voucher-done = 처리되었습니다.
voucher-unpaid = 끝나지 않은 결제
voucher-state-active = 사용 가능
voucher-state-used_up = 모두 사용
voucher-state-paying_back = 환불 처리 중
voucher-state-cancelled = 취소됨
voucher-state-refunded = 환불됨
voucher-state-expired = 기간 만료
move-bought = 구매
move-received = 선물받음
move-spent = 사용
move-given = 선물함
move-paying_back = 환불 요청
move-paid_back = 환불 완료
move-payback_refused = 은행이 환불을 거절함
move-expired = 기간 만료
me-state-held = 결제 중
me-state-paying = 결제 중
me-state-issued = 구매 완료
me-state-voided = 결제되지 않음
me-state-cancelled = 취소됨

## Paying a merchant: these, and `page-pay-*` below

pay-perhaps = 여기서는 쓸 수 없을 수 있습니다
pay-busy = 결제하고 있습니다…
pay-wait = 결제되었는지 이 화면이 알려 드립니다. 두 번 누르거나 새로 고쳐도 한 번만 결제됩니다. 결과가 나오기 전에는 다른 방법으로 결제하지 마세요.
pay-unfinished = 끝나지 않은 결제
pay-unfinished-text = 이 결제의 결과를 받지 못했습니다. 결제되었을 수도, 아닐 수도 있습니다. 그 뒤에 다른 방법으로 결제하셨다면 계속하지 마세요. 계속하셔도 두 번 결제되지는 않습니다.
pay-unfinished-at = 확인한 시각
pay-unfinished-go = 계속해서 {$amount} 결제하기
pay-forget = 이 결제 잊기
pay-forgotten = 이 결제를 다시 보내지 않습니다. 결제되었는지는 상품권 이용 내역에서 확인해 주세요.
pay-history = 내 상품권 보기
pay-not-found = 결제를 찾을 수 없습니다
pay-not-found-text = 이 상품권의 최근 내역 100건에 없거나 이 가맹점의 결제가 아닙니다. 전체 내역은 내 상품권에서 볼 수 있습니다. 지금 결제된 금액은 없습니다.

# The server's own: the pages as they are without scripts. Read by src/http/pages/; the build leaves
# these messages out of the scripts.

page-name = openrun
page-skip = 본문으로 건너뛰기
page-navigation = 페이지
page-rounds = 판매 목록
page-me = 내 정보
page-docs = 개발자 문서
page-board = 판매 현황판
page-console = 운영 콘솔
page-console-scripts = 운영 콘솔은 자바스크립트가 필요합니다. 브라우저에서 켜거나 운영 API를 이용해 주세요.
page-ops-docs = 운영 API 문서
page-ops-openapi = OpenAPI 3.1 문서
page-ops-metrics = 메트릭
page-ops-ready = 준비 상태
page-ops-version = 버전
page-rounds-none = 아직 예고된 판매가 없습니다.
page-round-none = 해당하는 판매가 없습니다.
page-round-none-more = 이름이 바뀌었을 수 있습니다. 모든 판매는 첫 페이지에 있습니다.
page-as-of = 기준 시각
page-unknown = 지금은 알 수 없음
page-state-draft = 준비 중
page-state-scheduled = 판매 예정
page-state-lobby = 판매 전, 줄 서기 가능
page-state-open = 판매 중
page-state-paused = 일시 중지, 순서는 유지됩니다
page-state-sold-out = 매진
page-state-closed = 판매 종료
page-phase-ahead = 예정
page-phase-open = 판매 중
page-phase-over = 종료
page-unit = 판매가
page-monthly-limit = 1인당 월 구매 한도
page-windows = 판매 시간
page-window-who = 대상
page-window-when = 시간
page-window-phase = 상태
page-window-left = 남은 금액
page-sale = 판매 현황
page-left = 남은 금액
page-sold = 판매된 금액
page-waiting = 대기 인원
page-lines = 대기 줄
page-line-watermark = 차례가 온 번호
page-line-last = 마지막 번호
page-line-wait = 지금 서면 예상 대기
page-enter-head = 이 브라우저에서 로그인할까요?
page-enter = 앱이나 다른 사이트에서 로그인 정보를 보내왔습니다. 본인의 결제 앱에서 오신 경우에만 계속해 주세요. 아니라면 다른 사람 이름으로 구매하게 될 수 있습니다.
page-enter-app = 앱
page-enter-do = 로그인하고 계속하기
page-enter-not = 로그인하지 않기
page-sign-in-head = 로그인
page-sign-in = 이용하시는 은행이나 결제 앱에서 이 페이지를 열어 주세요. 앱이 본인을 확인해 주므로 여기서는 비밀번호가 필요 없습니다.
page-virtual-person = 가상 인물로 체험하기
page-sign-out = 로그아웃
page-sign-up-head = 먼저 회원 가입을 해 주세요
page-sign-up = 첫 구매 전에 한 번만 하면 됩니다. 상품권 대금은 이 계좌에서 결제되며, 그동안 순서는 그대로 유지됩니다.
page-account = 계좌번호
page-terms = 상품권 이용약관에 동의합니다
page-sign-up-do = 가입하기
page-join-head = 줄 서기
page-join = 어느 기기, 어느 앱에서든 순서는 하나입니다. 페이지를 닫아도 순서를 잃지 않습니다.
page-join-do = 줄 서기
page-join-again = 다시 줄 서기
page-leave-do = 순서 포기하기
page-no-window = 이 판매의 대상이 아니거나 대상 시간이 지났습니다.
page-not-yet-open = 아직 구매 시간이 아닙니다
page-opens-at = 판매 시작
page-lobby-at = 줄 서기 시작
page-lobby-head = 판매 전 대기 중입니다
page-lobby = 아직 판매 전입니다. 순서는 유지되니 판매가 시작되면 다시 확인해 주세요.
page-waiting-head = 대기 중입니다
page-waiting-more = 페이지를 닫거나 연결이 끊겨도 순서는 그대로 유지됩니다.
page-turn-head = 구매하실 차례입니다
page-turn = 지금 입장해 주세요. 입장한 때부터 구매 시간이 주어집니다.
page-claim-do = 입장하기
page-lapsed-head = 차례가 지났습니다
page-lapsed = 제한 시간 안에 구매하지 않았습니다. 한 번은 줄 맨 앞으로 돌아올 수 있습니다.
page-left-head = 줄에서 나왔습니다
page-left-more = 순서를 포기했습니다. 다시 줄을 서면 맨 뒤에서 새로 시작합니다.
page-bought-head = 구매 완료
page-bought = 결제가 끝났습니다. 상품권이 발행되었습니다.
page-bought-before = 이 순서로 이미 구매했습니다.
page-bought-where = 구매 내역과 상품권은 내 정보에서 확인할 수 있습니다.
page-stand-by-head = 예비 대기 중입니다
page-stand-by = 지금은 남은 수량이 없습니다. 취소된 수량은 번호가 빠른 분부터 드리며, 순서는 유지됩니다.
page-sold-out-head = 매진되었습니다
page-sold-out = 남은 수량이 없고 더 나올 수량도 없습니다.
page-closed-head = 판매가 끝났습니다
page-closed = 이 판매 또는 해당 시간대의 판매가 끝났습니다.
page-number = 내 번호
page-channels = 판매하는 앱
page-ahead = 내 앞 대기 인원
page-eta = 예상 대기 시간
page-outlook = 구매 가능성
page-outlook-likely = 내 차례까지 남아 있을 가능성이 높습니다
page-outlook-possible = 내 차례까지 남아 있을 수도 있습니다
page-outlook-unlikely = 내 차례 전에 소진될 가능성이 높습니다
page-outlook-no = 내 차례까지 남을 수 없습니다
page-looks-by-itself = 이 페이지는 자동으로 새로 고침됩니다.
page-look-off = 자동 새로 고침 멈추기
page-allowance = 더 살 수 있는 금액
page-room = 더 보유할 수 있는 금액
page-no-allowance = 이번 달 구매 한도 또는 보유 한도를 모두 사용했습니다.
page-amount = 금액
page-amount-rule = {$unit} 단위
page-amount-unit = 구매 단위
page-price = 결제 금액
page-pass-until = 구매 가능 시각
page-buy-do = 구매하기
page-confirm-head = 이대로 구매할까요?
page-confirm-do = 네, 구매합니다
page-back = 금액 바꾸기
page-paying-head = 결제 진행 중
page-paying = 은행의 응답을 기다리고 있습니다. 수량은 확보되어 있으며, 페이지를 닫아도 사라지지 않습니다.
page-voided-head = 결제되지 않았습니다
page-voided = 결제가 이루어지지 않아 구매되지 않았습니다. 남은 시간 안에는 다시 구매할 수 있습니다.
page-cancelled-head = 취소되었습니다
page-cancelled = 이 구매는 전액 취소되었습니다.
page-purchase = 구매 번호
page-voucher = 상품권 번호
page-to-the-round = 판매 페이지로 돌아가기
page-again = 다시 시도하기
page-foreign-head = 다른 사이트에서 온 요청입니다
page-foreign = 안전을 위해 아무것도 처리하지 않았습니다. 판매 페이지를 직접 열어 다시 시도해 주세요.
page-next-sign-in = 이용하시는 은행이나 결제 앱에서 이 페이지를 다시 열어 주세요.
page-next-sign-up = 판매 페이지에서 회원 가입을 한 뒤 다시 시도해 주세요.
page-next-channel = 이 상품권을 판매하는 앱을 이용해 주세요.
page-next-window = 구매 시간이 되면 다시 와 주세요.
page-next-wait = 순서는 그대로입니다. 번호가 불릴 때까지 기다려 주세요.
page-next-join = 판매 페이지로 돌아가 다시 줄을 서 주세요.
page-next-bought = 내 정보에서 구매 내역을 확인해 주세요.
page-next-amount = 다른 금액을 선택해 주세요.
page-next-sold-out = 지금은 남은 수량이 없습니다. 취소된 수량은 줄을 선 분들께 돌아갑니다.
page-next-payment = 구매되지 않았습니다. 계좌를 확인하고 다시 시도해 주세요. 남은 시간 안에는 차례가 유지됩니다.
page-next-suspended = 이 기능은 잠시 중단되었습니다. 다른 기능은 정상입니다.
page-next-again = 몇 초 뒤에 다시 시도해 주세요. 두 번 처리되지 않습니다.
page-next-back = 돌아가서 다시 시도해 주세요.
page-until = 종료 시각
page-why = 안내
page-limits = 내 구매 한도
page-month = 기준 월
page-used = 이번 달 구매 금액
page-purchases = 내 구매 내역
page-purchases-none = 아직 구매 내역이 없습니다.
page-purchase-state = 상태
page-purchase-paying = 결제 진행 중
page-purchase-issued = 결제 완료, 상품권 발행
page-purchase-voided = 결제되지 않음
page-purchase-cancelled = 취소됨
page-bought-at = 구매 시각
page-older = 이전 내역 보기
page-vouchers = 내 상품권
page-voucher-open = 이용 내역·취소·환불·선물
page-voucher-back = 상품권으로 돌아가기
page-voucher-balance = 잔액
page-voucher-spent = 사용 금액
page-voucher-expires = 사용 기한
page-voucher-history = 이용 내역
page-voucher-active = 사용 가능
page-voucher-used-up = 모두 사용
page-voucher-paying-back = 환불 처리 중
page-voucher-refunded = 환불됨
page-voucher-expired = 기간 만료
page-voucher-under-way = 은행의 확인을 기다리고 있습니다. 페이지를 닫아도 그대로 진행됩니다.
page-cancel-head = 구매 취소
page-cancel-text = 상품권은 없어지고, 결제하신 금액이 계좌로 돌아갑니다.
page-cancel-do = 구매 취소하기
page-refund-head = 잔액 환불
page-refund-text = 상품권은 종료됩니다. 잔액에서 할인받은 몫을 뺀 금액이 계좌로 돌아갑니다.
page-refund-do = 잔액 환불받기
page-gift-head = 선물하기
page-gift-text = 선물은 되돌릴 수 없으며, 받는 분은 환불받을 수 없습니다.
page-gift-to = 받는 분의 회원 번호
page-gift-do = 선물하기
page-sure = 이대로 진행하겠습니다
page-move-bought = 구매
page-move-received = 선물받음
page-move-spent = 사용
page-move-given = 선물함
page-move-paid-back = 환불 완료
page-move-refused = 은행이 환불을 거절함
page-share-spent = 지금까지 사용한 비율
page-share-needed = 환불 가능 비율
page-next-receiver = 회원 번호를 확인해 주세요. 받는 분이 먼저 회원 가입을 해야 합니다.
page-next-spend = 이 상품권을 받는 가맹점에서 사용해 주세요.
page-pay = 결제
page-pay-find-head = 가맹점 찾기
page-pay-find-what = 상호나 업종의 낱말로 찾으세요. 가맹점의 링크나 QR 코드로 들어오면 바로 결제로 이어집니다.
page-pay-text = 상호 또는 업종
page-pay-region = 지역
page-pay-anywhere = 전체 지역
page-pay-find-do = 찾기
page-pay-only = 이 상품권을 받는 가맹점만 찾습니다: {$program}
page-pay-all = 모든 가맹점에서 찾기
page-pay-found = 찾은 가맹점
page-pay-none = 찾은 가맹점이 없습니다. 낱말을 줄이거나 바꾸고, 지역을 바꿔 보세요.
page-pay-more = 가맹점 더 보기
page-pay-number = 가맹점 번호
page-pay-number-head = 번호로 찾기
page-pay-number-what = 가맹점 안내판의 QR 코드 아래에 적혀 있습니다.
page-pay-number-do = 이 가맹점으로 가기
page-pay-merchant = 가맹점에 결제하기
page-pay-merchant-name = 가맹점
page-pay-with = 결제할 상품권
page-pay-amount = 결제할 금액
page-pay-next = 다음
page-pay-nothing = 잔액이 남은 상품권이 없습니다. 먼저 판매에서 상품권을 구매해 주세요.
page-pay-none-fits = 이 가맹점에서 쓸 수 있는 상품권이 없습니다. 사용된 금액은 없습니다. 상품권을 받는 가맹점을 찾아 주세요.
page-pay-others = 여기서는 쓸 수 없는 상품권
page-pay-elsewhere = 이 상품권을 받는 가맹점 찾기
page-pay-too-much = 이 상품권에는 {$balance}만 남아 있습니다. 금액을 줄이거나 다른 상품권을 골라 주세요.
page-pay-amount-wrong = 금액을 1원 이상의 숫자로 입력해 주세요.
page-pay-confirm-head = 이대로 결제할까요?
page-pay-after = 결제 후 잔액
page-pay-confirm-do = {$amount} 결제하기
page-pay-once = 두 번 누르거나 페이지를 새로 고쳐도 한 번만 결제됩니다.
page-pay-change = 금액 바꾸기
page-pay-back = 결제로 돌아가기
page-pay-again = 여기서 한 번 더 결제하기
page-paid-head = 결제 완료
page-paid-show = 이 화면을 가맹점에 보여 주세요.
page-paid-before = 아래 시각에 이미 결제된 건입니다. 다시 결제되지 않았습니다.
page-paid-at = 결제 시각
page-paid-number = 결제 번호
page-next-merchant = 가맹점 번호를 확인하거나 가맹점을 검색해 주세요.
page-next-region = 사용된 금액은 없습니다. 상품권의 사용 지역에 있는 가맹점에서 쓰거나, 다른 상품권으로 결제해 주세요.
page-next-voucher = 사용된 금액은 없습니다. 내 정보에서 상품권의 상태를 확인하고, 다른 상품권으로 결제해 주세요.
