// A registry with images that misbehaves in a chosen way, and the ways there are.
//
// Each fault spoils the honest answer to a request, whichever it is: so all of them can be tried on everything a
// client may ask for, one by one or by chance.
#pragma once

#include "tests/support/scripted_origin.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tests {

class hostile_registry;

struct fault {
    enum class effect {
        fails,  // no client can get the right answer
        serves, // every client does
        either
    };
    using spoiler = std::function<scripted_reply(hostile_registry&, recorded_request const&, scripted_reply honest)>;

    char const* name;
    effect what;
    spoiler spoil;
    bool lies = false; // about content, or its length
};

std::vector<fault> const& all_faults();

// Any thread.
class hostile_registry {
public:
    // The fault for this request; null: the honest answer.
    using choice = std::function<fault const*(recorded_request const&)>;

    hostile_registry();                                          // http
    explicit hostile_registry(test_certificate const& identity); // https; for "127.0.0.1" and "localhost"

    // Below /v2/<repo>; may be asked for at once.
    std::string put_blob(std::string const& repo, std::string const& bytes);                            // → digest
    std::string put_manifest(std::string const& repo, std::string const& tag, std::string const& body); // → digest

    void play(choice c);
    void play(fault const* f);

    // What the faults work with.
    scripted_origin& origin() noexcept { return *origin_; }
    std::string url_elsewhere(std::string const& path) const; // at another origin under another name
    std::string other_content(std::size_t size) const;        // of right length, and wrong
    token_desk& desk() noexcept { return *desk_; }

    std::size_t open_connections() const { return origin_->open_connections() + elsewhere_->open_connections(); }
    void forget_requests();

private:
    void set_up();
    void serve(std::string const& path, std::string const& body, header_list fields);
    scripted_reply answer(recorded_request const& r, scripted_reply honest);

    std::mutex mutex_; // guards choice_
    choice choice_;
    std::shared_ptr<token_desk> desk_ = std::make_shared<token_desk>();
    std::unique_ptr<scripted_origin> origin_;
    std::unique_ptr<scripted_origin> elsewhere_;
};

} // namespace tests
