// The process is killed before and after every single call to the operating system that the store makes while it
// works through a script. Whatever the moment: what was acknowledged is there, no row is without its bytes, no
// byte is wrong, and the numbers are those of what is there.
#include "tests/catch.h"
#include "tests/store/fixture.h"
#include "tests/store/other_process.h"

#include <csignal>
#include <cstdlib>
#include <fstream>

using namespace store_tests;

namespace {

std::string const manifest = content(700, 1);
std::string const pulled = content(150'000, 2);
std::string const pushed = content(40'000, 3);

// Each step's end is acknowledged by a byte in a file, as a client would be by an answer.
void run_script(test_store& s, std::function<void()> const& acknowledge) {
    auto& index = s.store->index();
    auto const layer = oci::digest::of(pulled);
    s.put(manifest, {.kind = store::object_kind::manifest});
    acknowledge(); // 1
    oci::manifest const m{.media_type = "m/m", .children = {{.media_type = "l/l", .digest = layer, .size = 150'000}}};
    (void)index.put_manifest("docker.io/a", oci::digest::of(manifest), m, manifest.size()).value();
    acknowledge(); // 2
    auto w = s.store->begin(oci::algorithm::sha256, pulled.size()).value();
    (void)w.append(as_bytes(pulled).first(100'000)).value();
    (void)w.append(as_bytes(pulled).subspan(100'000)).value();
    (void)w.commit(layer, {}).value();
    acknowledge(); // 3
    s.put(pushed, {.origin = store::object_origin::push});
    acknowledge(); // 4
    (void)index.put_tag("docker.io/a", *oci::tag::parse("t"), {.digest = oci::digest::of(manifest)}).value();
    acknowledge(); // 5
    (void)s.store->remove(oci::digest::of(pushed)).value();
    acknowledge(); // 6
}

void check_object(test_store& s, std::string const& bytes, bool must_be, store::usage& sums) {
    auto const d = oci::digest::of(bytes);
    auto const row = s.store->find(d).value();
    CHECK((row || !must_be));
    if (!row)
        return;
    CHECK((s.get(d) == bytes));
    ++sums.objects;
    sums.content_bytes += bytes.size();
    if (s.store->index().find_link("docker.io/a", d).value())
        sums.logical_bytes += bytes.size();
}

void check_survivor(test_store& s, std::size_t acknowledged) {
    store::usage sums;
    check_object(s, manifest, acknowledged >= 1, sums);
    check_object(s, pulled, acknowledged >= 3, sums);
    check_object(s, pushed, acknowledged == 4, sums);
    if (acknowledged >= 2)
        CHECK(s.store->index().find_link("docker.io/a", oci::digest::of(pulled)).value());
    if (acknowledged >= 5)
        CHECK(s.store->index().find_tag("docker.io/a", *oci::tag::parse("t")).value());
    if (acknowledged >= 6)
        CHECK_FALSE(s.store->find(oci::digest::of(pushed)).value());
    CHECK(s.warnings == 0); // nothing had to be dropped
    CHECK(s.store->used().objects == sums.objects);
    CHECK(s.store->used().content_bytes == sums.content_bytes);
    CHECK(s.store->used().logical_bytes == sums.logical_bytes);
    CHECK(s.store->used().reserved_bytes == 0);
    CHECK(files_below(s.temp()) == 0);
}

} // namespace

TEST_CASE("child: works through the script until it is killed", "[.]") {
    auto const folder = child_argument("STORE");
    if (folder.empty())
        return;
    auto const deadly = std::stoul(child_argument("CALL"));
    bool const before = child_argument("WHEN") == "before";
    std::size_t calls = 0;
    auto const die = [&] { ::kill(::getpid(), SIGKILL); };

    test_store s(test_store::start::closed, std::filesystem::path(folder).parent_path()); // goes with the parent's
    s.files->on_call = [&](std::string_view) {
        if (++calls == deadly && before)
            die();
        return 0;
    };
    s.files->after_call = [&](std::string_view) {
        if (calls == deadly && !before)
            die();
    };
    auto options = s.options();
    options.path = folder;
    s.store = store::content_store::open(options).value();
    std::ofstream acknowledged(folder + "/../acknowledged", std::ios::app);
    run_script(s, [&] { acknowledged << 'x' << std::flush; });
    s.store.reset();
    ::_exit(0);
}

TEST_CASE("a process killed at any call leaves a store whose rows have their bytes", "[faults]") {
    for (auto const* when : {"before", "after"}) {
        bool ended = false;
        for (int call = 1; !ended; ++call) {
            INFO("killed " << when << " call " << call);
            REQUIRE(call < 200);
            test_store s(test_store::start::closed, fast_folder());
            auto const folder = s.options().path;
            auto const status = run_child("child: works through the script until it is killed",
                                          {{"STORE", folder.string()}, {"CALL", std::to_string(call)}, {"WHEN", when}});
            ended = WIFEXITED(status);
            REQUIRE((ended ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL));

            std::error_code none;
            auto const acknowledged = std::filesystem::file_size(s.dir.path() / "acknowledged", none);
            s.open();
            check_survivor(s, none ? 0 : acknowledged);
            CHECK((!ended || acknowledged == 6));
        }
    }
}
