# 운영자 화면의 문구입니다. 한 줄에 하나씩이며, console.en.ftl과 키와 변수가 같습니다.

## Everywhere

name = openrun 운영 콘솔
navigation = 콘솔 메뉴
won = { $amount }원
per-second = 초당 { $rate }
milliseconds = { $time }ms
seconds = { $count }초
unknown = –
none = 없음
optional = 선택
always = 항상
time = 시각
loading = 첫 수치를 기다리고 있습니다…
busy = 잠시만 기다려 주세요…
as-table = 표로 보기
from-to = { $from } ~ { $to }
span-hours = { $hours }시간 { $minutes }분
span-minutes = { $minutes }분 { $seconds }초
span-seconds = { $seconds }초

## Who is signed in

title-sign-in = 로그인
sign-in-how = 운영자 토큰을 붙여 넣어 주세요. 토큰은 이 탭에만 보관되며, 탭을 닫으면 사라집니다.
field-token = 운영자 토큰
do-sign-in = 로그인
do-sign-out = 로그아웃
signed-in-as = { $name } ({ $role })
signed-out-expired = 토큰이 만료되었거나 이 서버에서 유효하지 않습니다. 다시 로그인해 주세요.
fault-token = 운영자 토큰이 아닙니다.
fault-expired = 만료된 토큰입니다. 새 토큰을 발급받아 주세요.
title-enter = 운영 콘솔에 로그인할까요?
enter-why = 운영자 토큰이 담긴 링크로 들어오셨습니다. 직접 여신 링크이고 아래가 본인 이름인 경우에만 계속해 주세요. 여기서 하는 일은 모두 이 이름으로 기록됩니다.
enter-name = 이름
enter-role = 역할
enter-other = 지금 { $name } 님이 로그인되어 있습니다. 계속하시면 이 탭에서 로그아웃됩니다.
do-enter = 네, 로그인합니다
do-enter-not = 로그인하지 않기
role-viewer = 조회자
role-operator = 운영자
role-approver = 승인자

## The connection

connection-ok = 연결됨
connection-stale = { $since } 동안 새 수치가 오지 않았습니다. 지금 보이는 값은 지난 값이며, 수치가 다시 올 때까지 작업할 수 없습니다.
connection-away = { $since } 동안 서버가 응답하지 않았습니다. 지금 보이는 값은 지난 값이며, 서버가 다시 응답할 때까지 작업할 수 없습니다.
told-away = 서버와 연결이 끊겼습니다. 작업할 수 없습니다.
told-back = 서버와 다시 연결되었습니다.

## Why something cannot be done now

why-signed-out = 먼저 로그인해 주세요.
why-role = 필요한 권한: { $roles }
why-away = 서버와 연결되어 있지 않습니다.
why-state = 회차가 “{ $state }” 상태일 때는 할 수 없습니다.
why-pending = 이미 승인을 기다리는 판매 금액 변경 요청이 있습니다.
why-nobody-asked = 아직 요청한 사람이 없습니다
why-own-ask = 본인이 올린 요청입니다. 다른 사람이 승인해야 합니다.

## States

state-draft = 준비 중
state-scheduled = 예약됨
state-lobby = 대기실
state-open = 판매 중
state-paused = 일시 정지
state-sold-out = 매진
state-closed = 종료
phase-ahead = 시작 전
phase-open = 진행 중
phase-over = 끝남
mode-auto = 수치에 따라 자동
mode-manual = 수동
mode-shut = 닫힘

## All rounds

title-rounds = 판매 회차
no-rounds = 아직 회차가 없습니다. 회차는 API로 등록합니다.
head-round = 회차
head-state = 상태
head-left = 남은 금액
head-held = 결제 중
head-sold = 판매됨
head-stock = 판매 총액
head-waiting = 대기
head-active = 입장
head-arrivals = 유입
head-when = 시간
title-house = 서버 상태
figure-store = 저장소
figure-store-queue = 아직 기록되지 않은 이벤트
figure-rail = 결제망
figure-rail-waiting = 결제 요청 대기
figure-buy-p99 = 구매 응답 시간 p99
figure-buy-per-s = 구매 요청
figure-rebuilds = 복구된 액터
figure-refused = 메일함 한도 초과로 거절
is-up = 정상
is-away = 응답 없음
rail-none = 결제 내역 없음
store-away = 저장소에 기록되지 않고 있습니다. 지금은 아무도 구매할 수 없으며, 순서는 그대로 유지됩니다. 서버가 자동으로 다시 시도합니다.
rail-away = 결제망이 응답하지 않아 호출을 쉬고 있습니다. 새 결제는 시작되지 않으며, 서버가 자동으로 다시 확인합니다.
title-refusals = 거절 응답
no-refusals = 서버가 시작된 뒤 거절한 요청이 없습니다.
head-code = 응답
head-total = 누적
head-now = 현재

## A round

title-round = 판매 회차
no-such-round = 해당하는 회차가 없습니다.
back-to-rounds = 전체 회차
figure-stock = 판매 총액
figure-left = 남은 금액
figure-held = 결제 중
figure-sold = 판매됨
figure-purchases = 구매 건수
figure-waiting = 대기 인원
figure-active = 입장했거나 입장할 인원
figure-arrivals = 유입
figure-speed = 입장
figure-watermark = 입장 번호
figure-last-number = 마지막 대기 번호
figure-inversions = 순서가 뒤바뀐 건수
title-actions = 작업
title-plots = 최근 15분
title-windows = 판매 시간대
head-window = 시간대
head-phase = 단계
title-inlet = 입장 조절
head-line = 줄
head-policy = 규칙
head-room = 여유 인원
head-why = 이유
binds = (지금 적용 중)
policy-shut = 닫힘
policy-manual = 수동
policy-rail = 결제망
policy-stock = 남은 금액
policy-active = 입장 인원
policy-adaptive = 응답 시간
policy-rate = 속도
policy-demand = 수요
title-notices = 공지
no-notices = 게시된 공지가 없습니다.
notice-when = { $at } 게시, 종료: { $until }
until-withdrawn = 직접 내릴 때까지
title-actors = 액터
no-actors = 지금은 액터의 설명을 받을 수 없습니다.
head-actor = 액터
head-people = 인원
head-says = 현재 설명
actor-round = 회차
actor-queue = 줄
actor-person = 구매자
actor-committer = 기록
actor-guardian = 복구
actor-till = 결제

## Stock by two persons

title-ask = 승인을 기다리는 판매 금액 변경
means-asked = { $by } 님이 “{ $window }” 시간대에 { $change } 변경을 요청했습니다.
means-why = 요청 사유: { $reason }
ask-until = { $at }에 요청되었고, { $until }까지 처리되지 않으면 취소됩니다.

## Plots

plot-nothing = 아직 표시할 값이 없습니다.
plot-summary = { $name }: 현재 { $latest }, 최저 { $least }, 최고 { $most }.
plot-unknown = { $name }: 아직 값이 없습니다.
plot-stock = 판매 금액
plot-speed = 유입과 입장
plot-line = 인원
plot-latency = 응답 시간
plot-refusals = 초당 거절 응답
plot-rail = 결제망 응답 시간
plot-rail-queue = 진행 중인 결제
plot-store = 저장소 기록 시간
plot-store-queue = 아직 기록되지 않은 이벤트
plot-actors = 메일함 사용률
curve-left = 남은 금액
curve-held = 결제 중
curve-sold = 판매됨
curve-arrivals = 유입
curve-speed = 입장
curve-waiting = 대기
curve-active = 입장
curve-p99 = { $call } p99
curve-p50 = { $call } p50
curve-rail-p99 = p99
curve-rail-calls = 호출 중
curve-rail-waiting = 요청 대기
curve-store-p99 = p99
curve-store-queue = 이벤트
call-join = 줄 서기
call-claim = 입장
call-buy = 구매

## Doing something

do-schedule = 예약
do-open = 지금 판매 시작
do-pause = 일시 정지
do-resume = 판매 재개
do-close = 완전히 종료
do-inlet = 입장 조절 변경
do-stock-ask = 판매 금액 변경 요청
do-stock-confirm = 승인
do-stock-refuse = 거절
do-notice = 공지 게시
do-withdraw = 공지 내리기
do-suspend = 기능 중단
do-lift = 중단 해제
do-look-up = 조회
do-more = 이전 기록 더 보기
do-help = 단축키
do-dry-run = 결과 미리 보기
means-schedule = 정해진 시각에 대기실과 판매 시간대가 자동으로 열립니다.
means-open = 시각과 관계없이 곧바로 판매를 시작합니다. 첫 시간대도 함께 열립니다.
means-pause = 재개할 때까지 아무도 구매할 수 없습니다. 모든 사람의 순서는 그대로 유지되고, 진행 중인 결제는 끝까지 처리됩니다.
means-resume = 멈춘 지점부터 판매를 이어 갑니다.
means-close = 회차를 영구히 종료합니다. 더는 줄을 서거나 구매할 수 없고, 남은 금액은 판매되지 않습니다.
means-inlet = 사람들을 얼마나 빨리 입장시킬지 정합니다. 0.1초 안에 적용되며, 순서를 잃는 사람은 없습니다.
means-opening-ask = 두 사람이 여는 회차입니다. 다른 사람이 한 시간 안에 같은 단계로 승인해야 합니다.
means-opening-asked = { $by } 님이 요청했습니다. 승인하면 바로 실행됩니다.
means-stock-ask = 아직 아무것도 바뀌지 않습니다. 다른 사람인 승인자가 한 시간 안에 승인해야 합니다.
means-stock-least = 판매 금액은 이미 판매되었거나 결제 중인 금액보다 적어질 수 없습니다.
means-notice = 이 회차에서 기다리는 모든 사람의 화면과 현황판에 표시됩니다.
means-withdraw = 다음 공지가 모든 화면에서 사라집니다: “{ $text }”
means-suspend = 중단된 동안 이 기능을 쓰려는 사람에게 안내문과 재개 시각이 표시됩니다. 구매는 여기서 중단할 수 없으니, 회차를 일시 정지해 주세요.
means-lift = { $until } 전에 { $feature } 기능을 다시 사용할 수 있게 합니다.
field-window = 시간대
field-change = 변경 금액(원)
help-change = 늘리려면 500000, 줄이려면 -500000처럼 입력합니다. 구매 단위의 배수여야 합니다.
field-inlet-rate-per-s = 초당 입장 인원
field-inlet-max-active = 최대 입장 인원
field-inlet-claim-window-s = 입장 확인 시한(초)
field-inlet-pass-ttl-s = 입장권 유효 시간(초)
field-inlet-mode = 조절 방식
field-inlet-latency-target-ms = 목표 응답 시간
field-state = 상태
field-phase = 단계
field-stock-won = 판매 총액
field-left-won = 남은 금액
field-watermark = 입장 번호 상한
field-opening-ask = 판매 시작 요청
field-stock-ask = 판매 금액 변경 요청
field-ko = 한국어 안내문
field-en = 영어 안내문
field-from = 시작(한국 시간), 비우면 즉시
field-until = 종료(한국 시간)
field-until-needed = 종료(한국 시간)
field-feature = 기능
field-over = 대기 인원이 다음보다 많을 때만
help-over = 이 수의 5분의 4로 줄면 저절로 풀립니다.
field-reason = 사유(기록에 남습니다)
field-typed = 확인을 위해 { $id }를 입력해 주세요
trying = 결과를 서버에 묻고 있습니다…
would-happen = 실행하면 이렇게 됩니다
no-change = 이미 그 상태이므로 바뀌는 것이 없습니다.
change = { $what }: { $from } → { $to }
missing-try = 먼저 결과를 미리 확인해 주세요.
missing-reason = 사유를 입력해 주세요.
missing-typed = 회차 이름을 입력해 주세요.
cancel = 취소
close-dialog = 닫기
done = 완료되었습니다.
done-stock-ask = 요청했습니다. 다른 사람인 승인자의 승인을 기다립니다.
done-stock-confirm = 승인했습니다. 판매 금액이 변경되었습니다.
done-stock-refuse = 거절했습니다. 판매 금액은 그대로입니다.
fault-no-answer = 응답이 오지 않아 처리되었는지 알 수 없습니다. 다시 시도하기 전에 수치와 기록을 확인해 주세요.
fault-foreign = 이 브라우저와 서버 사이의 네트워크에서 거부했습니다({ $status }). 서버의 응답이 아니므로 수치와 기록을 확인하고, 네트워크를 바꾸거나 프록시 담당자에게 문의한 뒤 다시 시도해 주세요.
fault-stock = 줄일 수 있는 금액은 { $left }뿐입니다.
fault-state = 회차가 “{ $state }” 상태일 때는 할 수 없습니다.
fault-number = 숫자가 빠졌거나 읽을 수 없습니다.
fault-same = 현재 값과 다른 것이 없습니다.
fault-both = 안내문은 두 언어로 모두 입력해 주세요.
fault-until = 종료 시각을 입력해 주세요.

## The log

title-log = 작업 기록
log-how = 누가, 언제, 무엇을, 왜 했는지 최신순으로 보여 줍니다. 기록은 지워지지 않습니다.
no-entries = 아직 기록이 없습니다.
head-log-at = 시각
head-log-who = 작업자
head-log-what = 작업
head-log-target = 대상
head-log-reason = 사유
logged-put-program = 상품권 변경
logged-put-round = 회차 등록
logged-schedule = 예약
logged-open = 판매 시작
logged-pause = 일시 정지
logged-resume = 판매 재개
logged-close = 종료
logged-set-inlet = 입장 조절 변경
logged-step-inlet = 수동 입장
logged-ask-stock = 판매 금액 변경 요청
logged-confirm-stock = 판매 금액 변경 승인
logged-refuse-stock = 판매 금액 변경 거절
logged-look-up-purchase = 구매 조회
logged-post-notice = 공지 게시
logged-withdraw-notice = 공지 내림
logged-set-suspensions = 기능 중단 변경
logged-give-share = 추첨 값 제출

## A purchase

title-purchase = 구매 조회
purchase-how = 구매 번호와 사유를 입력해 조회합니다. 조회한 사실과 사유는 결과가 보이기 전에 기록에 남습니다.
field-purchase = 구매 번호
fault-purchase = 구매 번호는 0182a1b2-…와 같은 형식입니다.
purchase-held = 결제 요청 전
purchase-paying = 결제 진행 중
purchase-issued = 발급됨
purchase-voided = 구매되지 않음
purchase-cancelled = 취소됨
figure-id = 구매 번호
figure-amount = 액면가
figure-price = 구매자 결제 금액
figure-subsidy = 발행처 지원 금액
figure-month = 한도 적용 월
figure-channel = 판매 채널
figure-number = 대기 번호
figure-created = 결정 시각
figure-voucher = 상품권
figure-left-after = 구매 후 남은 금액

## What is switched off

title-suspensions = 기능 중단
suspensions-how = 모든 사람에게 일시적으로 중단된 기능입니다.
no-suspensions = 중단된 기능이 없습니다.
head-feature = 기능
head-condition = 조건
head-message = 안내문
head-lift = 작업
feature-sign-up = 회원 가입
feature-merchant-search = 가맹점 검색
feature-gifts = 선물하기
is-in-force = 적용 중
is-ahead = 예정
when-over = 대기 인원이 { $count }명을 넘을 때

## Shortcuts

title-keys = 단축키
keys-on = 단축키 사용
key-rounds = 판매 회차
key-log = 작업 기록
key-purchase = 구매 조회
key-suspensions = 기능 중단
key-help = 단축키 보기
key-escape = 열린 창 닫기

## Refusals, for people who do not know their codes

code-suspended = 일시 중단
code-unauthenticated = 로그인 필요
code-forbidden = 권한 없음
code-second-person-required = 다른 사람의 승인 필요
code-body-too-large = 요청이 너무 큼
code-unsupported-media-type = JSON이 아님
code-malformed = 읽을 수 없는 요청
code-idempotency-key-required = 키 없음
code-idempotency-key-reused = 이미 쓴 키
code-invalid-amount = 구매할 수 없는 금액
code-program-not-found = 없는 상품권
code-round-not-found = 없는 회차
code-purchase-not-found = 없는 구매 내역
code-notice-not-found = 없는 공지
code-ask-not-found = 없는 요청
code-not-found = 없는 페이지
code-method-not-allowed = 지원하지 않는 메서드
code-version-changed = 그사이 변경됨
code-not-registered = 미가입
code-channel-not-allowed = 판매하지 않는 채널
code-round-not-open = 판매 시간이 아님
code-wrong-state = 현재 상태에서 불가
code-too-many-notices = 공지 수 초과
code-ask-pending = 대기 중인 요청 있음
code-not-eligible = 본인의 판매 시간대가 아님
code-ticket-invalid = 유효하지 않은 대기표
code-not-yet = 차례가 아님
code-turn-passed = 지난 차례
code-pass-required = 입장권 없음
code-pass-invalid = 유효하지 않은 입장권
code-pass-expired = 만료된 입장권
code-pass-used = 사용한 입장권
code-monthly-limit-exceeded = 월 한도 초과
code-holding-limit-exceeded = 보유 한도 초과
code-sold-out = 매진
code-insufficient-stock = 남은 금액 부족
code-voucher-not-found = 상품권 없음
code-merchant-not-found = 가맹점 없음
code-receiver-not-found = 받는 사람 없음
code-voucher-not-active = 사용할 수 없는 상품권
code-wrong-region = 받지 않는 가맹점
code-already-spent = 이미 일부 사용
code-gift-not-refundable = 선물은 환불 안 됨
code-insufficient-balance = 잔액 부족
code-below-refund-threshold = 환불 기준 미달
code-receiver-limit-exceeded = 받는 사람의 한도 초과
code-payment-declined = 결제 거절
code-payback-declined = 환불 거절
code-overloaded = 요청 과다
code-unavailable = 일시 장애
