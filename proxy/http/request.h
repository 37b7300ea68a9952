// One request's head as the parser left it, and nothing of its body.
#pragma once

#include "proxy/http/framing.h"

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/verb.hpp>

#include <string_view>

namespace proxy {

using http_field = boost::beast::http::field;

class request {
public:
    // `head` must outlive this.
    request(boost::beast::http::header<true> const& head, framing body) : head_(head), body_(body) {}

    boost::beast::http::verb method() const noexcept { return head_.method(); }
    bool is_get() const noexcept { return method() == boost::beast::http::verb::get; }
    bool is_head() const noexcept { return method() == boost::beast::http::verb::head; }

    bool takes_chunks() const noexcept { return head_.version() >= 11; }

    std::string_view method_name() const noexcept { return view(head_.method_string()); }
    // In origin form, "/v2/…?…", also if it came in absolute form; what is neither is as it came.
    std::string_view target() const noexcept;
    std::string_view header(boost::beast::http::field name) const noexcept { return view(head_[name]); } // "" if absent
    framing const& body() const noexcept { return body_; }

private:
    static std::string_view view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

    boost::beast::http::header<true> const& head_;
    framing body_;
};

} // namespace proxy
