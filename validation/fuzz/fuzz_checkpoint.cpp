// libFuzzer target of the checkpoint reader: any bytes are blocks or a DamagedCheckpoint, and the bytes of a block,
// right or not, fill an archive's values or are an ArchiveError, without more memory than they could fill.
#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/output/checkpoint.hpp"

namespace {

struct Kept {
  long steps = 0;
  bool first = false;
  std::string word;
  std::vector<std::pair<double, std::string>> frames;
  std::vector<std::vector<double>> history;
  std::optional<double> w1;
  Eigen::VectorXd state;
  Eigen::MatrixXd covariance;
  void keep(fokker::Archive& archive) { archive(steps, first, word, frames, history, w1, state, covariance); }
};

void read(std::string_view bytes) try {
  Kept kept;
  fokker::Archive archive(bytes);
  archive(kept);
  archive.finish();
} catch (const fokker::ArchiveError&) {
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  try {
    for (const fokker::CheckpointBlock& block : fokker::parse_checkpoint(bytes)) read(block.bytes);
  } catch (const fokker::DamagedCheckpoint&) {
  }
  return 0;
}
