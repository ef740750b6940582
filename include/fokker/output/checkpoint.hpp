#pragma once
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/output/files.hpp"

namespace fokker {

/// The bytes of a checkpoint by name, in order.
struct CheckpointBlock {
  std::string name, bytes;
};

/// What a file says that is no checkpoint, or none that is whole: cut off, damaged, or of another kind.
struct DamagedCheckpoint : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One file: a line that says what it is, then name, length, XXH3 (64 bits) and bytes of every block, and a mark that
/// says that there is no more. In the byte order of this machine.
[[nodiscard]] std::string checkpoint_text(const std::vector<CheckpointBlock>& blocks);
/// Throws DamagedCheckpoint. Safe on any bytes.
[[nodiscard]] std::vector<CheckpointBlock> parse_checkpoint(std::string_view bytes);

inline constexpr const char* checkpoint_name = "checkpoint";
inline constexpr const char* previous_checkpoint_name = "checkpoint.previous";

/// `checkpoint` in a folder; the one before becomes `checkpoint.previous`. A kill at any
/// moment leaves at least one of them, if there was one. Throws FileError.
void write_checkpoint(const std::filesystem::path& folder, const std::vector<CheckpointBlock>& blocks, Durable durable);
/// Both of them; where there is none, nothing.
void remove_checkpoints(const std::filesystem::path& folder);

/// The last good checkpoint of a folder.
struct FoundCheckpoint {
  std::string file;                     ///< its name
  std::vector<CheckpointBlock> blocks;  ///< none: there is no good one
  std::vector<std::string> damaged;     ///< what is wrong with those that were passed over, a sentence each
  [[nodiscard]] bool good() const { return !blocks.empty(); }
};
/// Throws FileError where one cannot be read.
[[nodiscard]] FoundCheckpoint find_checkpoint(const std::filesystem::path& folder);

}  // namespace fokker
