//! What the page of the contract says beside what stands in the document: headings, who may call,
//! and each call in Korean. Words only.
//!
//! The document is in English; what it says of single fields stays so on the Korean page, which
//! says that.

use crate::http::language::Language;

/// A sentence in English and in Korean.
pub(super) type Both = (&'static str, &'static str);

/// The half of `both` in this language.
pub(super) fn say(language: Language, both: Both) -> &'static str {
    match language {
        Language::English => both.0,
        Language::Korean => both.1,
    }
}

pub(super) const SKIP: Both = ("Skip to the calls", "호출 목록으로 건너뛰기");
pub(super) const CALLS: Both = ("Calls", "호출");
pub(super) const VERSION: Both = ("version", "버전");
pub(super) const AS_DOCUMENT: Both =
    ("The same as an OpenAPI 3.1 document", "같은 내용의 OpenAPI 3.1 문서");
pub(super) const FIELDS_NOTE: Both = ("", "필드에 대한 설명은 영어입니다.");
pub(super) const WHO: Both = ("Who", "누가");
pub(super) const TAKES: Both = ("Parameters", "매개변수");
pub(super) const NAME: Both = ("name", "이름");
pub(super) const WHERE: Both = ("where", "위치");
pub(super) const IN_PATH: Both = ("path", "경로");
pub(super) const IN_QUERY: Both = ("query", "질의");
pub(super) const IN_HEADER: Both = ("header", "헤더");
pub(super) const KIND: Both = ("type", "형식");
pub(super) const MEANING: Both = ("meaning", "뜻");
pub(super) const REQUIRED: Both = ("required", "필수");
pub(super) const OPTIONAL: Both = ("optional", "선택");
pub(super) const BODY: Both = ("Body", "본문");
pub(super) const ANSWERS: Both = ("Answers", "답");
pub(super) const REFUSALS: Both = ("Refusals", "거절");
pub(super) const STATUS: Both = ("status", "상태");
pub(super) const CODE: Both = ("code", "코드");
pub(super) const TITLE: Both = ("title", "제목");
pub(super) const EXAMPLE: Both = ("On a command line", "명령줄에서");
pub(super) const SHAPES: Both = ("Shapes", "자료 형식");
pub(super) const PROBLEMS: Both =
    ("All refusals, in order of precedence", "모든 거절, 우선순위 순");
pub(super) const PROBLEMS_NOTE: Both = (
    "Sent as application/problem+json (RFC 9457). Act on the code alone; title and detail are for \
     people, in the language of Accept-Language. What may pass later carries Retry-After.",
    "application/problem+json(RFC 9457)으로 보냅니다. 프로그램은 코드만 보고 움직이세요. 제목과 설명은 \
     사람을 위한 것이며 Accept-Language의 언어로 보냅니다. 나중에 될 수 있는 거절에는 Retry-After가 \
     있습니다.",
);
pub(super) const ANYBODY: Both = ("anybody", "누구나");
pub(super) const PERSON: Both = (
    "a person: Authorization: Bearer, with the token of their channel",
    "고객: 채널의 토큰을 Authorization: Bearer로",
);
pub(super) const TICKET: Both =
    ("whoever shows the ticket: Openrun-Ticket", "대기표를 보이는 사람: Openrun-Ticket");
pub(super) const STAFF: Both = (
    "staff: Authorization: Bearer, with a staff token",
    "운영자: 운영자 토큰을 Authorization: Bearer로",
);

/// What each document says of itself, in Korean, by its title.
pub(super) const ABOUT_IN_KOREAN: &[(&str, &str)] = &[
    (
        "openrun",
        "한정 수량 상품권 판매: 도착한 순서의 줄, 정확한 한도, 바뀌지 않는 답. 금액은 원 단위 정수이고, \
         시각은 RFC 3339이며, 오류는 변하지 않는 `code`를 가진 RFC 9457입니다.",
    ),
    (
        "openrun ops",
        "상품권, 회차, 실시간 수치와 상태. 운영자 토큰을 씁니다. viewer는 보고 operator는 바꿉니다.",
    ),
];

/// The nouns by which calls are grouped.
pub(super) const TAGS: &[(&str, Both)] = &[
    ("sale", ("Sales", "판매")),
    ("line", ("The line", "줄")),
    ("draw", ("Draws", "추첨")),
    ("purchase", ("Purchases", "구매")),
    ("voucher", ("Vouchers", "상품권 사용")),
    ("merchant", ("Merchants", "가맹점")),
    ("people", ("People", "고객")),
    ("ops", ("Operators", "운영")),
    ("health", ("Health", "상태")),
    ("pages", ("Pages for people", "사람이 보는 페이지")),
    ("contract", ("The contract", "계약")),
];

/// Every call in Korean, by its id in the document.
pub(super) const CALLS_IN_KOREAN: &[(&str, &str)] = &[
    ("answer_stock", "재고 변경 요청을 확인하거나 거절합니다"),
    ("ask_stock", "재고를 늘리거나 줄이도록 요청합니다"),
    ("asset", "화면이 쓰는 파일"),
    ("buy", "구매합니다"),
    ("cancel_purchase", "구매를 전액 취소합니다"),
    ("claim", "입장권을 받습니다"),
    ("console", "운영 콘솔"),
    ("docs", "이 계약을 보여 주는 화면"),
    ("docs_file", "그 화면의 스타일 시트"),
    ("find_merchant_page", "결제할 가맹점을 찾는 화면"),
    ("get_admin_events", "한 회차의 실시간 수치를 이벤트로 받습니다"),
    ("get_admin_program", "상품권 하나와 지금까지의 모든 규칙"),
    ("get_admin_round", "한 회차의 실시간 수치와 액터들의 상태"),
    ("get_board", "한 회차의 현황판"),
    ("get_draw", "추첨에 대해 미리 확정해 공개한 것"),
    ("get_draw_transcript", "추첨을 다시 계산할 수 있는 기록"),
    ("get_events", "워터마크 문서를 이벤트로 받습니다"),
    ("get_house_events", "모든 회차와 서버의 실시간 수치를 이벤트로 받습니다"),
    ("get_limits", "상품권별로 더 사고 더 보유할 수 있는 금액"),
    ("get_log", "누가 무엇을 언제 왜 했는지"),
    ("get_me", "토큰의 고객이 가입했는지"),
    ("get_merchant", "가맹점 하나"),
    ("get_program", "상품권 하나와 오늘의 규칙"),
    ("get_purchase", "본인의 구매 한 건"),
    ("get_round", "판매 회차 하나"),
    ("get_settlement", "한 회차의 날짜·채널·판매 시간별 판매와 취소 합계를 CSV로 받습니다"),
    ("get_voucher", "본인의 상품권 한 장과 이용 내역"),
    ("get_watermark", "기다리는 모두가 읽는 문서"),
    ("give", "상품권을 선물합니다"),
    ("give_share", "추첨에 참여 값을 냅니다"),
    ("healthz", "프로세스가 살아 있는지"),
    ("home", "시작 화면"),
    ("import_people", "여러 고객을 한꺼번에 가입시킵니다"),
    ("join", "줄을 섭니다"),
    ("jwks", "입장권을 검증하는 키(JWKS)"),
    ("leave", "줄에서 나갑니다"),
    ("list_admin_programs", "모든 상품권과 지금까지의 모든 규칙"),
    ("list_admin_rounds", "모든 회차의 실시간 수치"),
    ("list_channels", "서버가 토큰을 신뢰하는 모든 채널"),
    ("list_programs", "모든 상품권"),
    ("list_purchases", "본인의 구매 내역, 최근 것부터"),
    ("list_rounds", "모든 판매 회차"),
    ("list_suspensions", "중단되었거나 중단될 기능"),
    ("list_vouchers", "본인의 상품권, 최근 것부터"),
    ("look_up_purchase", "사유를 적고 구매 한 건을 조회합니다"),
    ("me_page", "본인의 구매와 한도를 보여 주는 화면"),
    ("metrics", "Prometheus 형식의 측정값"),
    ("openapi", "이 리스너의 계약(OpenAPI 3.1)"),
    ("ops_home", "운영 시작 화면"),
    ("outcome", "내 자리가 어떻게 되었는지, 기록에서"),
    ("pay_page", "가맹점에 결제하는 화면"),
    ("post_notice", "한 회차에서 기다리는 모두에게 공지합니다"),
    ("put_program", "상품권을 만들거나 날짜가 있는 새 규칙을 더합니다"),
    ("put_round", "회차를 만들거나, 열리기 전에 바꿉니다"),
    ("put_suspensions", "중단 목록을 통째로 바꿉니다"),
    ("rail_webhook", "결제망이 보내는 소식"),
    ("readyz", "서비스할 준비가 되었는지"),
    ("refund", "남은 잔액을 환불받습니다"),
    ("round_page", "한 회차를 보여 주는 화면"),
    ("search_merchants", "상품권을 받는 가맹점을 찾습니다"),
    ("set_inlet", "입장 속도를 실시간으로 바꿉니다"),
    ("sign_up", "토큰의 고객을 가입시킵니다"),
    ("spend", "가맹점에서 사용합니다"),
    ("step_inlet", "손으로 입장시킵니다"),
    ("step_round", "회차를 다음 단계로 옮깁니다"),
    ("version", "어느 버전인지"),
    ("where_am_i", "내 자리는 어디인지"),
    ("withdraw_notice", "공지를 내립니다"),
];
