#include "store/totals_merge.h"

#include "store/index_codec.h"

namespace store {
namespace {

class totals_sum final : public rocksdb::AssociativeMergeOperator {
public:
    bool Merge(rocksdb::Slice const&, rocksdb::Slice const* existing, rocksdb::Slice const& value, std::string* merged,
               rocksdb::Logger*) const override {
        auto sum = decode_totals(value.ToStringView());
        if (!sum)
            return false;
        if (existing) {
            auto const before = decode_totals(existing->ToStringView());
            if (!before)
                return false;
            *sum += *before;
        }
        *merged = encode(*sum);
        return true;
    }

    char const* Name() const override { return "layerd.totals"; } // written to disk
};

} // namespace

std::shared_ptr<rocksdb::MergeOperator> totals_merge_operator() {
    return std::make_shared<totals_sum>();
}

} // namespace store
