//! What the board calls states and features, in English and in Korean. Says nothing else.

use crate::http::draws::DrawState;
use openrun_core::Feature;
use openrun_core::round::LifeCycle;

pub(super) fn state_words(state: LifeCycle) -> (&'static str, &'static str) {
    match state {
        LifeCycle::Draft => ("Being prepared", "준비 중"),
        LifeCycle::Scheduled => ("Opens by itself", "판매 예정"),
        LifeCycle::Lobby => ("Nobody is let in yet; people can join", "판매 전 대기 중"),
        LifeCycle::Open => ("On sale", "판매 중"),
        LifeCycle::Paused => ("Stopped; every place is kept", "일시 중지. 순서는 유지됩니다"),
        LifeCycle::SoldOut => ("Sold out", "모두 판매되었습니다"),
        LifeCycle::Closed => ("Over", "판매 종료"),
    }
}

pub(super) fn draw_words(state: DrawState) -> (&'static str, &'static str) {
    match state {
        DrawState::Draft => ("Nothing is fixed yet", "준비 중"),
        DrawState::Committed => ("The key is fixed; people join", "추첨 키 확정, 참여 중"),
        DrawState::Closed => ("The list is fixed", "참여자 명단 확정"),
        DrawState::Drawn => ("Drawn", "추첨 완료"),
    }
}

pub(super) fn feature_words(feature: Feature) -> (&'static str, &'static str) {
    match feature {
        Feature::SignUp => ("Sign-up", "회원 가입"),
        Feature::MerchantSearch => ("Merchant search", "가맹점 검색"),
        Feature::Gifts => ("Gifts", "선물하기"),
    }
}
