// How often one worker was asked for each tag of an upstream since it last said so: what "the hottest tags" is told by.
//
// One a worker, so no lock; a tag that is counted already costs one lookup and no allocation. Bounded, though clients
// ask for what they like: this is the sketch of Misra and Gries ("Finding repeated elements", 1982). Where there is no
// place for a new tag each count goes down by one, and tags at zero leave: whatever makes up more than a 1/max_tags of
// all requests is still there, however many others were asked for once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace proxy {

struct counted_tag {
    std::string name; // "docker.io/library/alpine:3.20"
    std::uint64_t count = 0;
};

class tag_counter {
public:
    static constexpr std::size_t max_tags = 1024;

    void add(std::string_view repository, std::string_view tag);

    // What was counted, in no order; begins anew.
    std::vector<counted_tag> take();

private:
    void make_room();

    std::unordered_map<std::string, std::uint64_t> counts_;
    std::string name_; // reused
};

} // namespace proxy
