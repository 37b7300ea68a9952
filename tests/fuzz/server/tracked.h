// What a play knows of something that its requests change while others are under way.
//
// Between a change's first byte and its answer nothing is certain; of changes that overlapped nobody knows which came
// last; and of one whose answer never came nobody knows whether it will not still be done. A check that began when
// something was certain may rely on it if nothing changed since.
#pragma once

#include <optional>

namespace fuzz {

template <class T>
class tracked {
public:
    explicit tracked(T at_first = T()) : value_(std::move(at_first)) {}

    void begin() {
        overlapped_ = overlapped_ || under_way_ > 0;
        ++under_way_;
        ++version_;
    }
    void end(std::optional<T> now) { // nothing: it has changed nothing
        --under_way_;
        ++version_;
        if (overlapped_)
            known_ = false;
        else if (now)
            set(*std::move(now));
        overlapped_ = overlapped_ && under_way_ > 0;
    }
    void end_as(T now) { end(std::optional<T>(std::move(now))); }
    void lose() { known_ = false; } // its answer never came: it stays under way for ever

    std::optional<T> sure() const { return known_ && under_way_ == 0 ? std::optional<T>(value_) : std::nullopt; }
    bool is_surely(T const& v) const { return sure() == v; }

    // What was sure when this was taken, if it is untouched since.
    struct look {
        std::optional<T> was;
        unsigned version;
    };
    look now() const { return {sure(), version_}; }
    std::optional<T> still(look const& l) const { return l.version == version_ ? l.was : std::nullopt; }

private:
    void set(T now) {
        value_ = std::move(now);
        known_ = true;
    }

    T value_;
    bool known_ = true, overlapped_ = false;
    unsigned under_way_ = 0, version_ = 0;
};

} // namespace fuzz
