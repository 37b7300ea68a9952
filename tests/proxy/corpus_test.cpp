// Every seed of the fuzz corpora of what the proxy reads, through the check of its fuzz target.
#include "tests/fuzz/admin_question_check.h"
#include "tests/fuzz/answer_check.h"
#include "tests/fuzz/base64_check.h"
#include "tests/fuzz/basic_login_check.h"
#include "tests/fuzz/client_fields_check.h"
#include "tests/fuzz/config_check.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/framing_check.h"
#include "tests/fuzz/history_row_check.h"
#include "tests/fuzz/htpasswd_check.h"
#include "tests/fuzz/jwk_set_check.h"
#include "tests/fuzz/multipart_check.h"
#include "tests/fuzz/name_pattern_check.h"
#include "tests/fuzz/oidc_claims_check.h"
#include "tests/fuzz/record_gate_check.h"
#include "tests/fuzz/request_body_check.h"
#include "tests/fuzz/scope_check.h"
#include "tests/fuzz/token_check.h"
#include "tests/fuzz/token_question_check.h"
#include "tests/fuzz/upstream_fields_check.h"

using fuzz::check_corpus;

TEST_CASE("the corpus of questions to the admin API passes its check") {
    check_corpus("admin_question", fuzz::check_admin_question);
}
TEST_CASE("the corpus of answers passes its check") {
    check_corpus("answer", fuzz::check_answer);
}
TEST_CASE("the corpus of Base64 passes its check") {
    check_corpus("base64", fuzz::check_base64);
}
TEST_CASE("the corpus of Basic logins passes its check") {
    check_corpus("basic_login", fuzz::check_basic_login);
}
TEST_CASE("the corpus of clients' fields passes its check") {
    check_corpus("client_fields", fuzz::check_client_fields);
}
TEST_CASE("the corpus of configurations passes its check") {
    check_corpus("config", fuzz::check_config);
}
TEST_CASE("the corpus of heads of requests passes its check") {
    check_corpus("framing", fuzz::check_framing);
}
TEST_CASE("the corpus of rows of the history passes its check") {
    check_corpus("history_row", fuzz::check_history_row);
}
TEST_CASE("the corpus of htpasswd files passes its check") {
    check_corpus("htpasswd", fuzz::check_htpasswd);
}
TEST_CASE("the corpus of key sets passes its check") {
    check_corpus("jwk_set", fuzz::check_jwk_set);
}
TEST_CASE("the corpus of several ranges passes its check") {
    check_corpus("multipart", fuzz::check_multipart);
}
TEST_CASE("the corpus of name patterns passes its check") {
    check_corpus("name_pattern", fuzz::check_name_pattern);
}
TEST_CASE("the corpus of issuers' claims passes its check") {
    check_corpus("oidc_claims", fuzz::check_oidc_claims);
}
TEST_CASE("the corpus of TLS records passes its check") {
    check_corpus("record_gate", fuzz::check_record_gate);
}
TEST_CASE("the corpus of bodies in chunks passes its check") {
    check_corpus("request_body", fuzz::check_request_body);
}
TEST_CASE("the corpus of scopes passes its check") {
    check_corpus("scope", fuzz::check_scope);
}
TEST_CASE("the corpus of tokens passes its check") {
    check_corpus("token", fuzz::check_token);
}
TEST_CASE("the corpus of token questions passes its check") {
    check_corpus("token_question", fuzz::check_token_question);
}
TEST_CASE("the corpus of upstream's fields passes its check") {
    check_corpus("upstream_fields", fuzz::check_upstream_fields);
}
