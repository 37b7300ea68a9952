#include "proxy/access/token_question.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace proxy {
namespace {

// Scopes of one parameter, with spaces between. What is no repository's is left out: no token is needed for it.
void add_scopes(std::string_view text, scope_list& to) {
    while (!text.empty()) {
        auto const end = std::min(text.find(' '), text.size());
        auto s = parse_scope(text.substr(0, end));
        if (s && s->actions != 0 && to.items.size() < max_scopes)
            to.items.push_back(*std::move(s));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

} // namespace

std::string_view token_question::field(std::string_view name) const noexcept {
    auto const at = std::ranges::find_if(fields, [&](auto const& f) { return f.first == name; });
    return at == fields.end() ? std::string_view() : std::string_view(at->second.text());
}

result<token_question> parse_token_question(std::string_view target) {
    auto const url = boost::urls::parse_origin_form(target);
    if (!url || url->params().size() > token_question::max_fields)
        return error{oci::errc::unsupported, error_source::client, retry_class::never, 400,
                     "the request for a token is malformed"};
    token_question q;
    boost::urls::encoding_opts form;
    form.space_as_plus = true;
    for (boost::urls::param p : url->params(form)) {
        if (p.key == "scope")
            add_scopes(p.value, q.asked);
        else
            q.fields.emplace_back(std::move(p.key), secret(std::move(p.value)));
    }
    q.wants_renewal = q.field("offline_token") == "true" || q.field("access_type") == "offline";
    return q;
}

} // namespace proxy
