// One image on its way into the store with no client behind it: what was asked for, and how far it is.
#pragma once

#include "oci/platform.h"
#include "proxy/fill/fill.h"
#include "proxy/pull/named_image.h"
#include "proxy/runtime/watch.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

struct warm_request {
    named_image image;
    std::vector<oci::platform> platforms{}; // of an index; none: those that clients of this server pull
    bool all_platforms = false;             // and attestations
};

enum class warm_stage : std::uint8_t { waiting, running, done, failed };
std::string_view to_string(warm_stage s) noexcept;

struct warm_sum {
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
};

struct warm_status {
    std::uint64_t id = 0;
    std::string image;
    warm_stage stage = warm_stage::waiting;
    std::string digest;                 // once it is known
    std::vector<std::string> platforms; // that were chosen, if there was a choice
    warm_sum of;                        // all that is known to belong to it
    warm_sum done;                      // of that, here; bytes of running downloads too
    warm_sum fetched;                   // of that, downloaded for it
    std::string error;                  // of stage failed
    std::int64_t asked_at = 0;          // Unix seconds
    std::int64_t ended_at = 0;
};

// Any thread.
class warm_job {
public:
    warm_job(std::uint64_t id, warm_request r, std::int64_t now);

    std::uint64_t id() const noexcept { return id_; }
    warm_request const& request() const noexcept { return request_; }
    warm_status status() const;
    bool is_over() const;

    // Waits for its end.
    task<void> ended();

    // Told by who does it.
    void begin();
    void choose(std::vector<oci::platform> const& platforms);
    void means(oci::digest const& d);
    void expect(std::uint64_t bytes);            // one more object
    void has(std::uint64_t bytes, bool fetched); // one of those expected
    void follow(std::shared_ptr<fill> f, bool started);
    void unfollow(std::shared_ptr<fill> const& f);
    void end(result<void> const& how, std::int64_t now);

    // Gives up the downloads that were begun for it and that no client follows.
    void abandon_fills();
    bool is_abandoned() const; // abandon_fills() was called

private:
    struct followed {
        std::shared_ptr<proxy::fill> fill;
        bool started = false; // by this job
    };

    std::uint64_t const id_;
    warm_request const request_;
    mutable std::mutex mutex_; // guards what follows
    warm_status status_;
    std::vector<followed> fills_;
    bool abandoned_ = false;
    watch<bool> over_{false};
};

} // namespace proxy
