// A mirror that pulls by itself: images as the origin has them, for several platforms too, tags that move, and the
// commands of the admin API.
#pragma once

#include "oci/media_type.h"
#include "tests/support/eventually.h"
#include "tests/support/mirror.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tests {

// The entry of an index; `more` is JSON that follows its size.
inline std::string index_entry(std::string const& manifest, std::string const& more) {
    return R"({"mediaType":")" + std::string(oci::media_type::oci_manifest) + R"(","digest":")" + digest_of(manifest) +
           R"(","size":)" + std::to_string(manifest.size()) + more + "}";
}

inline std::string platform_entry(std::string const& manifest, std::string const& architecture) {
    return index_entry(manifest, R"(,"platform":{"os":"linux","architecture":")" + architecture + R"("})");
}

inline std::string index_of(std::vector<std::string> const& entries) {
    std::string list;
    for (auto const& e : entries)
        list += (list.empty() ? "" : ",") + e;
    return R"({"schemaVersion":2,"mediaType":")" + std::string(oci::media_type::oci_index) + R"(","manifests":[)" +
           list + "]}";
}

struct pulling_mirror : mirror {
    // An image of one platform: all that a pull of it needs.
    struct image {
        std::string config, first, second, manifest;
    };

    image make(unsigned seed) {
        image i{random_bytes(400, seed), random_bytes(200'000, seed + 1), random_bytes(100'000, seed + 2), {}};
        i.manifest = image_manifest({i.config, i.first, i.second});
        return i;
    }
    void put(std::string const& repo, image const& i) {
        for (auto const* blob : {&i.config, &i.first, &i.second})
            put_blob(repo, *blob);
    }
    image put(std::string const& repo, std::string const& tag, unsigned seed) {
        auto i = make(seed);
        put(repo, i);
        put_manifest(repo, tag, i.manifest);
        return i;
    }
    // A tag that can be made to mean something else while the origin runs.
    class moving_tag {
    public:
        void set(std::string manifest) {
            std::lock_guard lock(mutex_);
            manifest_ = std::move(manifest);
        }
        scripted_reply answer() const {
            std::lock_guard lock(mutex_);
            return reply(200)
                .header("Content-Type", std::string(oci::media_type::oci_manifest))
                .header("Docker-Content-Digest", digest_of(manifest_))
                .body(manifest_);
        }

    private:
        mutable std::mutex mutex_;
        std::string manifest_;
    };
    std::shared_ptr<moving_tag> put_moving(std::string const& repo, std::string const& tag, image const& first) {
        auto const t = std::make_shared<moving_tag>();
        t->set(first.manifest);
        origin.on("GET", "/v2/" + repo + "/manifests/" + tag).call([t](auto const&) { return t->answer(); });
        put_manifest(repo, "none", first.manifest); // by its digest
        put(repo, first);
        return t;
    }
    void move(std::string const& repo, moving_tag& t, image const& to) {
        put_manifest(repo, "none", to.manifest);
        put(repo, to);
        t.set(to.manifest);
    }

    void put_index(std::string const& repo, std::string const& tag, std::string const& body) {
        header_list const fields{{"Content-Type", std::string(oci::media_type::oci_index)},
                                 {"Docker-Content-Digest", digest_of(body)}};
        for (auto const& name : {tag, digest_of(body)})
            origin.on("GET", "/v2/" + repo + "/manifests/" + name).reply(200, fields, body);
    }

    http_answer post(std::string const& path, boost::json::object const& body) const {
        return http_client(server->admin_port()).request("POST", path, {}, boost::json::serialize(body));
    }
    http_answer admin_get(std::string const& path) const { return http_get(server->admin_port(), path); }

    boost::json::array jobs() const { return boost::json::parse(admin_get("/api/v1/warm").body).at("jobs").as_array(); }
    // The last job, once it is over.
    boost::json::object ended() const {
        boost::json::object last;
        eventually([&] {
            auto const all = jobs();
            last = all.empty() ? boost::json::object() : all.back().as_object();
            return !last.empty() && (last.at("state") == "done" || last.at("state") == "failed");
        });
        return last;
    }
    boost::json::object warm(boost::json::object const& body) const {
        auto const a = post("/api/v1/warm", body);
        if (a.status != 200)
            return {{"status", a.status}, {"refused", boost::json::parse(a.body).at("error")}};
        return ended();
    }

    std::size_t fetched(std::string const& repo, std::string const& blob) const {
        return origin.count("GET", "/v2/" + repo + "/blobs/" + digest_of(blob));
    }
    std::size_t fetched(std::string const& repo, image const& i) const {
        return fetched(repo, i.config) + fetched(repo, i.first) + fetched(repo, i.second);
    }
    // As a client takes it; all of it must be right.
    bool pull(std::string const& repo, std::string const& tag, image const& i) const {
        bool right = get("/v2/" + repo + "/manifests/" + tag).body == i.manifest;
        for (auto const* blob : {&i.config, &i.first, &i.second})
            right = right && get("/v2/" + repo + "/blobs/" + digest_of(*blob)).body == *blob;
        return right;
    }
};

} // namespace tests
